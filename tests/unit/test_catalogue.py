"""Every command of the command line is found, and read only when it is called."""

import ast
import subprocess
import sys

import pytest

from bot.commands.catalogue import FILES, Catalogue

LARGE = {"tortoise", "redis", "jinja2", "bot.services", "bot.scoring", "bot.handlers"}


@pytest.mark.parametrize("name", FILES)
def test_each_command_is_found_under_its_name(name: str) -> None:
    found = Catalogue().get_command(None, name)

    assert found.name == name
    assert found.help


def test_what_starts_everything_reads_little_itself() -> None:
    code = (
        "import sys; from bot.__main__ import app; from bot.commands.catalogue import Catalogue;"
        "Catalogue().get_command(None, 'up'); import bot.up; print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(ast.literal_eval(done.stdout)) & LARGE == set()
