"""Every import contract falls when it is broken: each is broken here, in a copy of the tree."""

import os
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sysconfig.get_path("scripts")) / "lint-imports"

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


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for name in ("bot", "models"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def broken(tree: Path) -> list[str]:
    said = subprocess.run(
        [LINT_IMPORTS, "--no-cache"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return [line.split(" BROKEN")[0] for line in said.splitlines() if " BROKEN" in line]


def test_every_contract_is_broken_once_here():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = [one["name"] for one in settings["tool"]["importlinter"]["contracts"]]

    assert [name for name in names if not any(contract in name for contract in BREAKS)] == []


def test_all_contracts_hold_before_anything_is_broken(tree):
    assert broken(tree) == []


@pytest.mark.parametrize("contract", BREAKS)
def test_a_contract_falls_when_it_is_broken(tree, contract):
    place, line = BREAKS[contract]
    file = tree / place
    before = file.read_text() if file.exists() else None
    file.write_text(f"{before or ''}\n{line}\n")

    fallen = broken(tree)

    file.unlink() if before is None else file.write_text(before)
    assert [name for name in fallen if contract in name]
