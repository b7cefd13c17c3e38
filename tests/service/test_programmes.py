"""Charging is off for graded programmes until two people name a legal basis, and never for some."""

from datetime import timedelta

import pytest
from tortoise.exceptions import OperationalError

from bot.clients.database import fetch
from bot.domain.actors import Staff
from bot.domain.certificates import NeedsTwo
from bot.domain.errors import DomainError, NotFound
from bot.scoring.programme import FeeNotAllowed, NoFee
from bot.services import programmes
from tests.conftest import NOW

BASIS = "演示：没有真实的法律依据"


async def charge(name: str, *, basis: str = BASIS, second: str = "李核"):
    await programmes.charge(name, legal_basis=basis, actor=Staff("王办"), second=second, now=NOW)


async def test_a_graded_programme_has_no_price_until_charging_is_switched_on(db):
    with pytest.raises(NoFee):
        await programmes.price("credit-evaluation", member=True)
    await charge("credit-evaluation")
    assert (await programmes.price("credit-evaluation", member=True)).fen == 1_800_000
    found = await programmes.in_force("credit-evaluation")
    assert (found.fee.mode, found.fee.legal_basis) == ("on", BASIS)


async def test_switching_off_again_leaves_no_price(db):
    await charge("credit-evaluation")
    later = NOW + timedelta(days=1)
    await programmes.free(
        "credit-evaluation", reason="依据废止", actor=Staff("王办"), second="李核", now=later
    )
    with pytest.raises(NoFee):
        await programmes.price("credit-evaluation", member=False)
    with pytest.raises(DomainError):
        await programmes.free(
            "credit-evaluation", reason="再停", actor=Staff("王办"), second="李核", now=later
        )


async def test_a_fee_free_programme_can_never_be_charged_for(db):
    with pytest.raises(FeeNotAllowed):
        await charge("shanxi-integrity")
    with pytest.raises(NoFee):
        await programmes.price("shanxi-integrity", member=False)


async def test_a_switch_needs_a_basis_and_two_people(db):
    with pytest.raises(FeeNotAllowed):
        await charge("credit-evaluation", basis="  ")
    with pytest.raises(NeedsTwo):
        await charge("credit-evaluation", second="王办")
    with pytest.raises(NotFound):
        await charge("no-such-programme")
    assert await programmes.switches() == {}


async def test_a_switch_leaves_an_audit_entry_and_cannot_be_rewritten(db):
    await charge("credit-evaluation")
    [entry] = await fetch("SELECT action, actor FROM audit_entry WHERE kind = 'charging'")
    assert (entry["action"], entry["actor"]) == ("charging.on", "王办")
    with pytest.raises(OperationalError, match="permission denied"):
        await fetch("UPDATE charging SET legal_basis = '别的'")
