"""Shared by the tests of scoring: the shipped packs, and facts in short form."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from bot.scoring.facts import Facts
from bot.scoring.facts_reader import facts_from
from bot.scoring.library import shipped_pack
from bot.scoring.pack import Pack
from bot.scoring.reading import Table

# A claim about values must not fail because the machine was busy.
settings.register_profile("scoring", deadline=None, max_examples=60)
settings.load_profile("scoring")

MakeFacts = Callable[..., Facts]


@pytest.fixture
def public() -> Pack:
    return shipped_pack("casme-public-credit")


@pytest.fixture
def rating() -> Pack:
    return shipped_pack("sme-credit-rating")


@pytest.fixture
def integrity() -> Pack:
    return shipped_pack("shanxi-integrity")


@pytest.fixture
def make_facts() -> MakeFacts:
    def make(pack: Pack, *records: dict[str, Any], basis: str = "verified", **values: Any) -> Facts:
        rows = [{"id": f"r{n}", **record} for n, record in enumerate(records, start=1)]
        table = Table({"values": values, "records": rows}, "facts.toml")
        facts = facts_from(pack, table, basis=basis, standing="verified")
        table.done()
        return facts

    return make
