"""Every import contract falls when it is broken: each is broken here, in a copy of the tree."""

import io
import multiprocessing
import os
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTHING = ("pyproject.toml", "")

BREAKS = {
    "Each layer imports only those below it": ("bot/deps.py", "from bot import routes"),
    "a new module must take a place": ("bot/utils.py", '"""A drawer."""'),
    "Tables sit between services and rules": ("models/job.py", "from bot.services import outbox"),
    "Rules do no I/O": ("bot/domain/jobs.py", "import asyncio"),
    "Tables are touched through services only": ("bot/handlers/probes.py", "import models"),
    "No cycles": ("bot/clients/hints.py", "from bot.services import conversation"),
    "Services know nothing of HTTP": ("bot/services/outbox.py", "import aiohttp"),
    "The sandbox is alone": ("bot/sandbox/world.py", "from bot.clients import wechat_crypto"),
    "The jail is alone": ("bot/jail/pdfs.py", "from bot.config import Config"),
    "No web process sets or seals": ("bot/handlers/pages.py", "import typst"),
    "Who checks the audit log": ("bot/commands/audit_verify.py", "from bot.domain import audit"),
    "Only the queue client knows": ("bot/jobs.py", "import pgqueuer"),
}


def broken(tree: Path, place: str, line: str) -> list[str]:
    """Which contracts fall when this is added to the tree."""
    from importlinter.cli import lint_imports  # only here: others need not read it

    file = tree / place
    before = file.read_text() if file.exists() else None
    try:
        file.write_text(f"{before or ''}\n{line}\n")
        with redirect_stdout(io.StringIO()) as said:
            refused = lint_imports(no_cache=True, no_logo=True)
    finally:
        file.unlink() if before is None else file.write_text(before)
    lines = said.getvalue().splitlines()
    fallen = [line.split(" BROKEN")[0] for line in lines if " BROKEN" in line]
    assert bool(refused) == bool(fallen), said.getvalue()  # else it could not judge at all
    return fallen


def settle(tree: Path) -> None:
    """The tree is where this process finds our packages."""
    os.chdir(tree)
    os.environ["COLUMNS"] = "200"
    sys.path.insert(0, str(tree))


@pytest.fixture(scope="module")
def fallen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., list[str]]]:
    tree = tmp_path_factory.mktemp("tree")
    for name in ("bot", "models"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    fresh = multiprocessing.get_context("spawn")  # one that has imported nothing of ours
    with ProcessPoolExecutor(1, fresh, settle, (tree,)) as judge:
        yield lambda *what: judge.submit(broken, tree, *what).result()


def test_every_contract_is_broken_once_here():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = [one["name"] for one in settings["tool"]["importlinter"]["contracts"]]

    assert [name for name in names if not any(contract in name for contract in BREAKS)] == []


def test_all_contracts_hold_before_anything_is_broken(fallen):
    assert fallen(*NOTHING) == []


@pytest.mark.parametrize("contract", BREAKS)
def test_a_contract_falls_when_it_is_broken(fallen, contract):
    assert [name for name in fallen(*BREAKS[contract]) if contract in name]
