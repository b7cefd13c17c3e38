"""The embedded servers: where they live, and what they refuse with a sentence."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.embedded import postgres
from bot.embedded.home import (
    default_state_dir,
    home_folder,
    password,
    private_folder,
    server_account,
    socket_folder,
)
from bot.embedded.postgres import EmbeddedPostgres
from bot.processes import Account
from tests.engines import plant, reachable_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as path:
        yield path


@pytest.fixture
def planted(folder: Path) -> Path:
    """A data folder that `prepare` has made for the whole run: to make one takes seconds."""
    plant(folder)
    return folder / "postgres"


def test_every_checkout_has_a_folder_of_its_own_and_root_stays_out_of_its_home():
    home = Path("/home/li")

    one = default_state_dir(Path("/home/li/a"), home, root=False)
    other = default_state_dir(Path("/home/li/b"), home, root=False)
    root = default_state_dir(Path("/home/li/a"), Path("/root"), root=True)

    assert one != other
    assert one.parent == home / ".local" / "state" / "credit-service"
    assert root.parent == Path("/var/lib/credit-service")


def test_a_path_too_long_for_a_socket_is_refused_with_what_to_do(folder: Path):
    with pytest.raises(RuntimeError, match="CREDIT_STATE_DIR"):
        socket_folder(folder / ("x" * 100), None)


def test_the_password_is_made_once_and_only_its_owner_reads_it(folder: Path):
    first = password(folder / "password")

    assert len(first) >= 32
    assert password(folder / "password") == first
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600


def test_a_private_folder_lets_nobody_else_in(folder: Path):
    made = private_folder(folder / "own", None)

    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_set_up_that_was_cut_off_is_begun_again(planted: Path):
    server = EmbeddedPostgres(planted)
    shutil.move(planted / "data", planted / "data.new")
    (planted / "data.new" / "PG_VERSION").unlink()

    server.prepare()

    assert (planted / "data" / "PG_VERSION").exists()
    assert not (planted / "data.new").exists()
    assert server.running_pid() is None


def test_a_folder_of_another_major_version_is_refused_and_left_as_it_is(planted: Path):
    (planted / "data" / "PG_VERSION").write_text("12\n")

    with pytest.raises(RuntimeError, match="属于 PostgreSQL 12"):
        EmbeddedPostgres(planted).prepare()

    assert (planted / "data" / "base").is_dir()


def test_a_server_that_cannot_start_says_where_to_read_why(planted: Path):
    server = EmbeddedPostgres(planted, {"shared_buffers": "no such size"})
    server.prepare()

    with pytest.raises(RuntimeError, match=r"server\.log"):
        server.start()


def test_programs_out_of_the_accounts_reach_are_copied_and_run(folder: Path, monkeypatch):
    """As root with a checkout in root's home: the wheel cannot be reached by the account."""
    other = server_account(folder / "none")
    account = other or Account(os.geteuid(), os.getegid())
    home_folder(folder / "postgres")
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "_can_run", lambda *_: False)
        programs = postgres._binaries(folder / "postgres", account)

    assert programs.is_relative_to(folder / "postgres" / "programs")
    if other:
        assert postgres._can_run(programs / "postgres", other)
    else:  # an ordinary user becomes nobody else
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True)
