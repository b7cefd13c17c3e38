"""The audit log: an entry stands and falls with its change, and tells nothing about a person."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid4

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Actor, Member, Staff, System, Visitor
from bot.domain.sessions import Door
from bot.services import audit
from bot.telemetry import REQUEST
from models import AuditEntry
from tests.conftest import NOW

USER, SESSION = UUID(int=1), UUID(int=2)
MEMBER = Member(USER, SESSION, Door.MINI, NOW, NOW + timedelta(days=1))


class State(StrEnum):
    OPEN = "open"
    SHUT = "shut"


async def entry(**more: object) -> AuditEntry:
    given: dict[str, object] = {"kind": "thing", "id": UUID(int=7), "actor": MEMBER, "now": NOW}
    async with in_transaction():
        await audit.note("thing.shut", **(given | more))  # type: ignore[arg-type]
    [last] = await fetch("SELECT id FROM audit_entry ORDER BY number DESC LIMIT 1")
    return await AuditEntry.get(id=last["id"])


async def test_an_entry_says_who_did_what_to_what(db: str):
    REQUEST.set("0123456789abcdef")

    found = await entry(enterprise_id=UUID(int=9))

    assert (found.action, found.kind, found.object_id) == ("thing.shut", "thing", str(UUID(int=7)))
    assert (found.actor_kind, found.actor, found.door) == ("member", str(USER), "mini")
    assert (found.at, found.request) == (NOW, "0123456789abcdef")
    assert found.enterprise_id == UUID(int=9)
    assert str(SESSION) not in found.session
    assert len(found.session) == 32


@pytest.mark.parametrize(
    ("actor", "told"),
    [
        (Staff("王芳"), ("staff", "王芳")),
        (System("reminders"), ("system", "reminders")),
        (Visitor(), ("visitor", "")),
    ],
)
async def test_an_entry_names_whoever_is_not_a_member(db: str, actor: Actor, told: tuple[str, str]):
    found = await entry(actor=actor)

    assert (found.actor_kind, found.actor) == told


async def test_outside_a_transaction_nothing_is_written(db: str):
    with pytest.raises(RuntimeError, match="in_transaction"):
        await audit.note("thing.shut", kind="thing", id="7", actor=MEMBER, now=NOW)

    assert await AuditEntry.all().count() == 0


async def test_an_entry_goes_with_the_change_that_was_rolled_back(db: str):
    with pytest.raises(LookupError):
        async with in_transaction():
            await audit.note("thing.shut", kind="thing", id="7", actor=MEMBER, now=NOW)
            raise LookupError

    assert await AuditEntry.all().count() == 0


async def test_states_are_readable_and_what_a_person_told_us_is_not(db: str):
    phone, address = "13800138000", "太原市某路 1 号"
    found = await entry(
        before={"state": State.OPEN, "phone": phone},
        after={"state": State.SHUT, "phone": phone, "address": address, "active": True, "to": None},
        reason=f"请拨打 {phone}",
    )
    rows = await fetch("SELECT row_to_json(e)::text AS line FROM audit_entry e")

    assert found.after["state"] == "shut"
    assert (found.after["active"], found.after["to"]) == (True, None)
    assert found.before["phone"] == found.after["phone"]
    assert [word in rows[0]["line"] for word in (phone, address, phone.encode().hex())] == [
        False
    ] * 3


async def test_a_state_that_nobody_could_read_is_refused(db: str):
    with pytest.raises(TypeError, match="Enum"):
        await entry(after={"state": State.OPEN.value})


async def test_a_value_can_be_proved_with_its_key_and_with_no_other(db: str):
    found = await entry(after={"amount": Decimal("12.30")}, enterprise_id=UUID(int=9))
    [row] = await fetch("SELECT key FROM audit_key WHERE subject = $1", f"enterprise:{UUID(int=9)}")

    assert found.after["amount"] == audit.commitment(row["key"], "amount", Decimal("12.3"))
    assert found.after["amount"] != audit.commitment(row["key"], "amount", Decimal("12.31"))
    assert found.after["amount"] != audit.commitment(b"\0" * 32, "amount", Decimal("12.3"))


async def test_equal_values_of_two_enterprises_look_different(db: str):
    one = await entry(after={"phone": "13800138000"}, enterprise_id=uuid4())
    other = await entry(after={"phone": "13800138000"}, enterprise_id=uuid4())

    assert one.after != other.after


async def test_all_entries_of_an_enterprise_share_one_key(db: str):
    one = await entry(after={"phone": "13800138000"}, enterprise_id=UUID(int=9))
    other = await entry(after={"phone": "13800138000"}, enterprise_id=UUID(int=9), id=uuid4())

    assert one.after == other.after


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"],
)
async def test_even_the_owner_changes_no_entry(db: str, database_url: str, statement: str):
    await entry()
    owner = await asyncpg.connect(database_url)

    with pytest.raises(asyncpg.RestrictViolationError):
        await owner.execute(statement)

    await owner.close()
    assert (await AuditEntry.get()).actor == str(USER)


async def test_a_value_that_has_no_exact_form_is_refused(db: str):
    with pytest.raises(TypeError):
        await entry(after={"amount": 0.1})
