"""The register believes signatures, not rows; what ends a certificate waits for no table."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from bot.clients.database import connect
from bot.domain.certificate_token import address
from bot.domain.certificates import Action, Reason
from bot.domain.signing_keys import Purpose
from bot.domain.verification import Outcome, Why
from bot.services import audit, certificate_signing, register_tables, signing_keys
from bot.services.register import Register
from bot.services.register_folder import UNWRITTEN
from bot.services.register_proofs import UNSIGNED
from bot.services.verification import Verifier
from models import Certificate
from tests.conftest import NOW
from tests.service.proving import followed
from tests.service.test_certificates import BASE, STAFF, change, several, signed
from tests.service.test_register import outcome
from tests.waiting import until

LATER = NOW + timedelta(minutes=1)


async def touched(row: Certificate) -> None:
    """Something about it changes, and it stays as valid as it was."""
    async with in_transaction():
        await audit.note("x", kind="certificate", id=row.id, actor=STAFF, now=NOW)
        await Certificate.filter(id=row.id).update(member_until=NOW.date())


async def tampered(connection: asyncpg.Connection, statement: str, *values: object) -> None:
    """As somebody who rules the database: no trigger looks."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement, *values)


FORGERIES = {
    "a token that is none": ("token = 'anything'", "anything"),
    "zeros of the right length": (f"token = '{'A' * 200}'", "A" * 200),
    "a token that says another thing": ("token = 'AAAA' || substr(token, 5)", None),
    "another level than was signed": ("level = 'A'", None),
    "another name than was signed": ("name = '别人的公司'", None),
    "another end than was signed": ("valid_to = valid_to + 400", None),
    "the number of another key": ("key = key + 1", None),
    "a text that no token can hold": ("scheme = '信用'", None),
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("asked", ["in the table", "among the changes"])
@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
async def test_a_row_that_nobody_signed_is_no_certificate(
    emptier,
    connection,
    issuer,
    opened,
    forgery,
    asked,
):
    what, token = forgery
    rows = await several(issuer, 8 if asked == "in the table" else 2)
    await tampered(emptier, f"UPDATE certificate SET {what} WHERE number = $1", rows[0].number)
    found = opened()
    await found.catch_up(connection, now=NOW)
    before = UNSIGNED._value.get()
    verifier = Verifier(found)

    scanned = [verifier.by_token(rows[0].number, token or rows[0].token, now=NOW) for _ in "ab"]
    typed = verifier.by_number(rows[0].number, now=NOW)
    of_code = verifier.by_code(rows[0].credit_code, now=NOW)

    assert {one.outcome for one in (*scanned, typed)} == {Outcome.UNKNOWN}
    assert of_code == []
    assert UNSIGNED._value.get() - before == 1  # an alarm, once
    assert outcome(found, rows[1]) is Outcome.VALID


async def test_without_the_check_of_signatures_such_a_row_would_be_valid(
    emptier,
    connection,
    issuer,
    opened,
    monkeypatch,
):
    """The test above bites: only the check stands between a written row and 有效."""
    row = await signed(issuer)
    await tampered(emptier, "UPDATE certificate SET level = 'A' WHERE number = $1", row.number)
    found = opened()
    await found.catch_up(connection, now=NOW)
    monkeypatch.setattr(found._prover, "_is_signed", lambda _: True)
    entry = found.find(row.number)

    assert (entry.level, Verifier(found).by_number(row.number, now=NOW).outcome) == (
        "A", Outcome.VALID,
    )  # fmt: skip


async def test_what_was_printed_under_a_former_address_goes_on(connection, issuer):
    row = await signed(issuer)
    url = address(BASE, row.number, row.token)
    told = []
    for bases in (("https://new.example.cn", BASE), ("https://new.example.cn",)):
        moved = Register(bases=bases)
        await moved.catch_up(connection, now=NOW)
        verifier = Verifier(moved)
        told += [
            verifier.by_address(copied, now=NOW).outcome
            for copied in (url, url.removeprefix(BASE), row.token, url.replace("cx.", "evil."))
        ]

    good, bad = Outcome.VALID, Outcome.UNKNOWN
    assert told == [good, good, good, bad] + [bad] * 4


async def test_a_certificate_of_a_key_that_is_learned_later_is_found_then(
    connection,
    issuer,
    opened,
):
    row = await signed(issuer)
    found = opened()
    await found.catch_up(connection, now=NOW)
    keys = found._all_keys
    found._know([])
    without = outcome(found, row)
    found._know(keys)

    assert (without, outcome(found, row)) == (Outcome.UNKNOWN, Outcome.VALID)


async def test_a_revocation_among_too_many_changes_is_known_before_the_new_table(
    connection,
    issuer,
    opened,
    small,
):
    rows = await several(issuer, 8)
    keeper, other = opened(), opened(keeps=False)
    for one in (keeper, other):
        await one.catch_up(connection, now=NOW)
    await change(rows[0].number, Action.REVOKE, Reason.MISUSE)
    await signing_keys.rotate(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="更换", now=LATER
    )
    await certificate_signing.sign_all_again(issuer=issuer, now=LATER, say=lambda _: None)
    late = await signed(issuer, now=LATER)

    for one in (keeper, other):
        await one.refresh(connection, now=NOW)
        assert one.behind
        assert outcome(one, rows[0]) is Outcome.REVOKED
        assert one._table.count == 8  # the old one still
        assert outcome(one, rows[1]) is Outcome.VALID  # whichever token the paper bears
    found = Verifier(other).by_token("2026CNEAAA99999", late.token, now=NOW)
    assert found.why is Why.BAD_SIGNATURE

    await keeper.catch_up(connection, now=NOW)
    await other.refresh(connection, now=NOW)
    assert not keeper.behind
    assert not other.behind
    again = await Certificate.get(number=rows[3].number)
    for one in (keeper, other):
        assert [outcome(one, row) for row in (rows[0], rows[3], again, late)] == [
            Outcome.REVOKED, Outcome.VALID, Outcome.VALID, Outcome.VALID,
        ]  # fmt: skip


async def test_a_new_table_is_taken_while_a_long_transaction_goes_on_elsewhere(
    db, connection, issuer, opened, small
):
    long = await connect(db, application="tests")
    await long.execute("BEGIN; SELECT pg_current_xact_id()")
    rows = await several(issuer, 8)
    keeper, other = opened(), opened(keeps=False)
    for one in (keeper, other):
        await one.catch_up(connection, now=NOW)
    rows += await several(issuer, 8)

    await keeper.catch_up(connection, now=NOW)
    await other.refresh(connection, now=NOW)

    await long.close()
    assert (keeper.behind, other.behind) == (False, False)
    assert {outcome(other, row) for row in rows} == {Outcome.VALID}


async def test_of_more_endings_than_it_can_take_in_none_is_called_valid(
    connection,
    issuer,
    opened,
    small,
):
    """Six of the nine that ended are known, the newest; the others are in doubt until the table."""
    rows = await several(issuer, 12)
    keeper = opened()
    await keeper.catch_up(connection, now=NOW)
    await touched(rows[0])
    await keeper.refresh(connection, now=NOW)  # now known as valid beside the table
    for row in rows[:9]:
        await change(row.number, Action.REVOKE, Reason.MISUSE)

    await keeper.refresh(connection, now=LATER)
    keeper.close()
    again = opened()
    again.restore()

    doubt, gone, good = Outcome.UNAVAILABLE, Outcome.REVOKED, Outcome.VALID
    assert [outcome(keeper, row) for row in rows] == [doubt] * 3 + [gone] * 6 + [good] * 3
    verifier = Verifier(keeper)
    typed, held = (
        verifier.by_number(rows[0].number, now=LATER),
        verifier.by_code(rows[1].credit_code, now=LATER),
    )
    assert [(one.outcome, one.why) for one in (typed, *held)] == [(doubt, Why.CHANGING)] * 2
    assert (keeper.behind, keeper.as_of, again.as_of) == (True, LATER, NOW)
    await keeper.catch_up(connection, now=LATER)
    assert [outcome(keeper, row) for row in rows] == [gone] * 9 + [good] * 3


async def test_a_keeper_that_cannot_write_goes_on_in_memory(
    connection,
    issuer,
    opened,
    small,
    tmp_path,
):
    rows = await several(issuer, 8)
    keeper = opened()
    keeper._folder.is_keeper()
    folder = tmp_path / "state"
    folder.rename(tmp_path / "elsewhere")
    folder.write_text("no folder any more")  # whatever is written now fails, also for root
    before = UNWRITTEN._value.get()

    await keeper.catch_up(connection, now=NOW)
    await change(rows[0].number, Action.REVOKE, Reason.MISUSE)
    await keeper.refresh(connection, now=NOW)

    assert [outcome(keeper, row) for row in rows] == [Outcome.REVOKED, *[Outcome.VALID] * 7]
    assert keeper._table.count == 8
    assert UNWRITTEN._value.get() > before


async def until_it_is(found: Register, row: Certificate, wanted: Outcome) -> None:
    async def is_so() -> bool:
        return outcome(found, row) is wanted

    await until(is_so, wanted, limit_s=5)


async def test_a_revocation_while_all_are_signed_again_is_known_at_once(
    db,
    connection,
    issuer,
    opened,
    small,
    monkeypatch,
):
    """However fast tables grow old, one is made at a time, and not one after the other."""
    rows = await several(issuer, 8)
    found, made = opened(), []
    monkeypatch.setattr(register_tables, "PAUSE_S", 3600.0)
    build = found._build
    monkeypatch.setattr(found, "_build", lambda *given: made.append(1) or build(*given))

    async with followed(found, db):
        await until_it_is(found, rows[7], Outcome.VALID)
        await signing_keys.rotate(
            Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="更换", now=LATER
        )
        after = UUID(int=0)
        while True:
            batch = await certificate_signing.sign_again(after, issuer=issuer, now=LATER, batch=2)
            if batch is None:
                break
            after = batch.last
            await asyncio.sleep(0.1)
        await change(rows[2].number, Action.REVOKE, Reason.MISUSE)
        await until_it_is(found, rows[2], Outcome.REVOKED)

    assert (len(made), found.behind, BASE) == (1, True, issuer.base)
