"""The association's office hours and working days, read from office.toml once."""

import tomllib
from functools import cache
from pathlib import Path

from bot.domain.workdays import Office

FILE = Path(__file__).with_name("office.toml")


@cache
def office() -> Office:
    return Office.read(tomllib.loads(FILE.read_text(encoding="utf-8")))
