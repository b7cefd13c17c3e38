"""Registers on a folder of their own, as the processes of one machine have them."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from bot.clients.signer import FileSigner
from bot.services import register
from bot.services.register import Register
from bot.services.signing_keys import Issuer
from tests.onlooking import onlooker
from tests.service.proving import followed, until_proved
from tests.service.test_certificates import several

BASE = "https://cx.example.org.cn"


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(FileSigner(tmp_path / "keys"), BASE, production=False)


@pytest.fixture
async def connection(db: str) -> asyncpg.Connection:
    return await onlooker(db)


@pytest.fixture
async def no_texts(db: str, emptier: asyncpg.Connection) -> AsyncIterator[None]:
    """No texts at all: neither the product's own nor those that a test gives out as files."""
    await emptier.execute("DELETE FROM content_version")
    yield
    await emptier.execute("DELETE FROM content_version")


@pytest.fixture(scope="session")
async def superuser(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def owner(db: str, superuser: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """Who may do everything, in a session as it is at first."""
    yield superuser
    await superuser.reset()


@pytest.fixture
def opened(issuer: Issuer, tmp_path: Path):
    """Opens registers on one folder, as the processes of one machine do; closes them all."""
    registers: list[Register] = []

    def open_one(folder: Path | None = tmp_path / "state", *, keeps: bool = True) -> Register:
        registers.append(Register(bases=(BASE,), issuer=issuer, folder=folder, keeps=keeps))
        return registers[-1]

    yield open_one
    for one in registers:
        one.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of changes makes a new table worth its while."""
    monkeypatch.setattr(register, "MOST_RECENT", 5)


@pytest.fixture
async def rows(small, db, issuer):
    return await several(issuer, 8)


@pytest.fixture
async def proved(small, rows, db, opened, tmp_path):
    """The folder of a keeper that has asked about every certificate, and has gone."""
    keeper = opened()
    async with followed(keeper, db):
        await until_proved(keeper, 8)
    keeper.close()
    return tmp_path / "state"
