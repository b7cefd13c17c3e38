"""Promises about the code itself, kept by reading it."""

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.handlers.wechat.words import FOLDER, WORDS
from bot.jobs import SCHEDULE, TASKS

ROOT = Path(__file__).parents[2]
LONGEST_MODULE = 330
TEXT_KINDS = {
    ".py", ".toml", ".txt", ".md", ".json", ".html", ".css", ".js", ".lock", ".example", ".svg", "",
}  # fmt: skip


def tracked() -> list[Path]:
    """Every file that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        if path.suffix in TEXT_KINDS:
            yield path, path.read_text()


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in tracked():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in {"bot", "models"}:
            yield path, ast.parse(path.read_text())


def test_no_module_grows_past_the_alarm():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in {"bot", "models"}
        and (lines := len(path.read_text().splitlines())) > LONGEST_MODULE
    }

    assert long == {}


def test_no_file_names_a_registry_or_a_folder_of_some_machine():
    hosts = "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(org|com)",
                      "deb" + r"\.debian", "npmmirror" + r"\.com"])  # fmt: skip
    machine = re.compile(rf"(?:{hosts}|{re.escape(str(ROOT))}/|{re.escape(str(Path.home()))}/)")

    named = {
        str(path.relative_to(ROOT)): found[0]
        for path, text in texts()
        if (found := machine.search(text))
    }

    assert named == {}


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda p: p.name)
def test_every_locked_package_is_pinned_by_hash_and_comes_without_an_address(lock):
    text = lock.read_text()
    pinned = re.findall(r"^([a-z0-9][^\s=]*)==(\S+)", text, re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert len(pinned) == len(blocks) > 0
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|--index-url|--find-links", text)


def test_the_npm_lock_holds_no_address_and_a_hash_for_everything():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    outside = {name: entry for name, entry in packages.items() if name}
    assert not any("resolved" in entry for entry in outside.values())
    assert all(entry["integrity"].startswith("sha512-") for entry in outside.values())


def test_every_dependency_of_the_product_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "requirements.lock").read_text()

    names = [re.split(r"[\[><= ;]", wanted)[0] for wanted in project["dependencies"]]
    assert [name for name in names if f"\n{name}==" not in f"\n{lock}"] == []


def test_every_message_template_exists_and_none_lies_unused():
    """A message is named by a string, in the chat or in the engine of its dialogues."""
    chat = (
        "handlers/wechat",
        "handlers/hooks/wechat.py",
        "domain/dialogues.py",
        "domain/knowledge.py",
        "services/courtesy.py",
        "services/dialogues.py",
    )
    named = {
        node.value
        for path, tree in sources()
        if path.relative_to(ROOT).as_posix().removeprefix("bot/").startswith(chat)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert set(WORDS) - named == set()
    assert all(words and len(words.encode()) <= 2048 for words in WORDS.values())
    assert {file.suffix for file in FOLDER.iterdir()} == {".txt", ".toml"}


def test_no_transaction_waits_for_the_outside_world():
    """A client may be awaited inside a transaction only to use the transaction's own connection."""
    allowed = {"bot.clients.database", "bot.clients.queue"}
    waiting = []
    for path, tree in sources():
        outside = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("bot.clients")
            and node.module not in allowed
            for alias in node.names
        }
        for block in ast.walk(tree):
            if isinstance(block, ast.AsyncWith) and "in_transaction" in ast.dump(block.items[0]):
                waiting += [
                    f"{path.name}:{node.lineno}"
                    for node in ast.walk(block)
                    if isinstance(node, ast.Await)
                    and any(isinstance(n, ast.Name) and n.id in outside for n in ast.walk(node))
                ]

    assert waiting == []


def test_jobs_and_schedules_have_names_of_their_own():
    names = [line.name for line in SCHEDULE]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(\.[a-z_]+)+", name) for name in [*names, *TASKS])


def test_the_readme_names_only_files_that_exist():
    readme = (ROOT / "README.md").read_text()
    places = r"`((?:bot|models|templates|tests|deploy)/[\w./-]*|run|pyproject\.toml)`"
    named = re.findall(places, readme)
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", readme)

    assert len(named) > 20
    assert pictures
    assert [name for name in [*named, *pictures] if not (ROOT / name).exists()] == []
    assert len(readme.splitlines()) < 200
    assert "./run test" in readme.split("\n## ")[0] + readme.split("\n## ")[1]


def test_ci_runs_the_readmes_test_command_with_the_long_drills_in_full():
    assert "./run test --full" in (ROOT / "README.md").read_text()
    assert "exec ./run test --full" in (ROOT / ".ci" / "run").read_text()


def test_each_migration_follows_the_one_before():
    """Two written at once under one number have no order of their own."""
    files = sorted((ROOT / "models" / "migrations").glob("[0-9]*.py"))
    after = [re.findall(r"\('models', '(\w+)'\)", file.read_text())[:1] for file in files]

    assert [file.name[:4] for file in files] == [f"{n:04d}" for n in range(1, len(files) + 1)]
    assert after == [[], *([file.stem] for file in files[:-1])]
