"""Rules in force, for tests that go by them: published the way of two people once in a process,
and from then on by the row that this left behind."""

from datetime import date

from bot.scoring.library import PACKS
from bot.services import schemes
from models import PublishedPack
from tests.conftest import NOW

PUBLIC, RATING, INTEGRITY = "casme-public-credit", "sme-credit-rating", "shanxi-integrity"
V1 = (PACKS / PUBLIC / "1.toml").read_text(encoding="utf-8")
V2 = V1.replace("version = 1\n", "version = 2\n", 1).replace("base = 800", "base = 790", 1)
NEW_YEAR, TODAY, LATER = date(2026, 1, 1), date(2026, 3, 2), date(2026, 4, 1)

_left: dict[tuple[str, date], PublishedPack] = {}


async def in_force(*names: str) -> None:
    """What ships of these schemes, since the beginning of the year."""
    for name in names:
        source = (PACKS / name / "1.toml").read_text(encoding="utf-8")
        await publish(source, on=NEW_YEAR)


async def publish(source: str = V1, *, on: date = TODAY) -> schemes.Published:
    if row := _left.get((source, on)):
        await PublishedPack.bulk_create([row])
        return await schemes.published(row.scheme, row.version)
    laid = await schemes.propose(source, file="a.toml", effective_on=on, by="王芳", now=NOW)
    made = await schemes.approve(laid.scheme, laid.version, digest=laid.digest, by="李强", now=NOW)
    _left[source, on] = await PublishedPack.get(id=made.id)
    return made
