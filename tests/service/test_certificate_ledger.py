"""The hourly look: the register of certificates and the audit log say the same."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from structlog.testing import capture_logs
from tortoise.transactions import in_transaction

from bot.clients.database import fetch, transaction_connection
from bot.domain.actors import System
from bot.domain.certificates import Action, Reason
from bot.jobs import SCHEDULE
from bot.services import (
    audit,
    audit_reading,
    certificate_bulk,
    certificate_ledger,
    certificates,
    membership_effects,
)
from bot.services.certificate_bases import Wanted
from bot.services.inserting import MANY
from models import Certificate
from tests import people
from tests.conftest import NOW
from tests.service.test_certificates import TWO, change, made, several, signed
from tests.service.test_register_trust import tampered

PLANTED = (
    "INSERT INTO certificate SELECT (jsonb_populate_record(c, jsonb_build_object("
    " 'id', gen_random_uuid(), 'number', '2026CNEAAA99999', 'random', '\\x00',"
    " 'position', c.position + 1))).* FROM certificate c WHERE c.id = $1"
)
FORGERIES = {
    "a row that nobody issued": (PLANTED, ["2026CNEAAA99999"]),
    "another token": ("UPDATE certificate SET token = 'x' WHERE id = $1", None),
    "another level": ("UPDATE certificate SET level = 'A' WHERE id = $1", None),
}


async def test_what_the_programme_does_is_as_the_log_says(db, issuer, monkeypatch):
    rows = await several(issuer, 3)
    await change(rows[0].number, Action.SUSPEND, Reason.UNDER_CHECK)
    await change(rows[0].number, Action.RESUME, Reason.CLEARED)
    await people.join(rows[1].enterprise_id, until=NOW.date() - timedelta(days=1))
    await membership_effects.mark(now=NOW)
    await made()  # not signed yet
    monkeypatch.setattr(certificate_ledger, "AT_ONCE", 2)

    with capture_logs() as logs:
        assert await certificate_ledger.look(now=NOW) == []
    assert logs == []


@pytest.mark.parametrize(("statement", "told"), FORGERIES.values(), ids=FORGERIES)
async def test_what_was_put_there_past_the_programme_is_told(
    db, connection, issuer, emptier, statement, told
):
    row = await signed(issuer)
    await tampered(emptier, statement, row.id)
    hourly = {line.name: line for line in SCHEDULE}["certificates.ledger"]

    with capture_logs() as logs:
        await hourly.run(NOW)

    [said] = logs
    assert (said["event"], said["log_level"]) == ("certificates_not_as_logged", "error")
    assert (said["unlike"], said["gone"]) == (told or [row.number], [])
    assert hourly.when.endswith(" * * * *")
    assert certificate_ledger.UNTOLD.collect()[0].samples[0].value == 1


async def test_what_was_issued_and_is_gone_is_told(db, issuer, emptier: asyncpg.Connection):
    row = await signed(issuer)
    await tampered(emptier, "DELETE FROM certificate WHERE id = $1", row.id)

    assert await certificate_ledger.look(now=NOW) == [str(row.id)]
    assert await Certificate.all().count() == 0


async def test_of_many_issued_at_once_each_is_known_to_the_log(db, issuer, emptier):
    before = await signed(issuer, programme="commitment", level=None)
    await change(before.number, Action.SUSPEND, Reason.UNDER_CHECK)
    many = [await people.enterprise() for _ in range(MANY)] + [before.enterprise_id]
    wanted = [Wanted(one, "commitment", None, TWO) for one in many]
    given = {"issuer": issuer, "actor": System("test"), "now": NOW, "say": lambda _: None}
    await certificate_bulk.issue_all(wanted, **given)
    first, last = [await Certificate.get(enterprise_id=one, replaced_by="") for one in many[:2]]
    new = await Certificate.get(enterprise_id=before.enterprise_id, replaced_by="")
    alike = await certificate_ledger.look(now=NOW)
    told = [await audit_reading.lines(object_id=str(one.id)) for one in (first, new)]
    of_enterprise = await audit_reading.lines(enterprise_id=first.enterprise_id)
    await tampered(emptier, "DELETE FROM certificate WHERE id = $1", first.id)
    await tampered(emptier, "UPDATE certificate SET token = 'x' WHERE id = $1", last.id)

    assert (new.state, alike) == ("suspended", [])
    assert [[line.action for line in lines] for lines in told] == [
        ["certificate.issued"], ["certificate.suspend", "certificate.issued"],
    ]  # fmt: skip
    assert told[0][0] in of_enterprise
    assert await certificate_ledger.look(now=NOW) == [last.number, str(first.id)]


OWN = (
    "SELECT r.sha256 IS NOT NULL AS own, a.entry_id IS NOT NULL AS part FROM certificate c"
    " LEFT JOIN audit_entry e ON e.object_id = c.id::text AND e.action = 'certificate.issued'"
    " LEFT JOIN audit_row r ON r.entry_id = e.id"
    " LEFT JOIN audit_part a ON a.object_id = c.id::text AND a.kind = 'certificate'"
    " WHERE c.enterprise_id = ANY ($1::uuid[])"
)


async def test_what_has_an_entry_of_its_own_is_noted_there_also_beside_many(db):
    """Several lots in one transaction, as the demonstration issues them."""
    lots = [[await people.enterprise() for _ in range(size)] for size in (MANY + 1, 2)]
    async with in_transaction():
        for lot in lots:
            wanted = [Wanted(one, "commitment", None, TWO) for one in lot]
            await certificates.issue_many(wanted, actor=System("test"), now=NOW)

    found = [{tuple(row.values()) for row in await fetch(OWN, lot)} for lot in lots]

    assert found == [{(False, True)}, {(True, False)}]
    assert await certificate_ledger.look(now=NOW) == []


TWICE = (
    "INSERT INTO certificate SELECT (jsonb_populate_record(c, jsonb_build_object('id', w.id,"
    " 'number', '2026CNEAAA9999' || w.n, 'random', '\\x00', 'position', c.position + w.n,"
    " 'token', NULL, 'signed_at', NULL, 'key', NULL, 'programme', 'p' || w.n))).*"
    " FROM certificate c, unnest($1::uuid[]) WITH ORDINALITY AS w (id, n)"
)


@pytest.mark.parametrize("noted", ["one of them", "one of them and each", "one of them twice"])
async def test_of_rows_in_one_statement_none_goes_without_an_entry(db, noted):
    await made()
    first, second = uuid4(), uuid4()
    names = [first] * (2 if "twice" in noted else 1) + ["*"] * noted.endswith("each")

    async def planted() -> None:
        async with in_transaction():
            for name in names:
                await audit.note("x", kind="certificate", id=name, actor=System("x"), now=NOW)
            await transaction_connection().execute(TWICE, [first, second])

    if "*" not in names:
        with pytest.raises(asyncpg.RestrictViolationError, match="1 certificates without"):
            await planted()
        return
    await planted()
    parts = await fetch("SELECT object_id FROM audit_part WHERE kind = 'certificate'")
    own = await fetch("SELECT e.object_id FROM audit_row r JOIN audit_entry e ON e.id = r.entry_id")
    assert [row["object_id"] for row in parts] == [str(second)]
    assert str(first) in {row["object_id"] for row in own}
