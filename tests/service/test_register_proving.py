"""The keeper's word about signatures: as good as asking oneself, and never better."""

from datetime import timedelta

import pytest

from bot.clients import register_file
from bot.domain.signing_keys import Purpose
from bot.domain.verification import Outcome
from bot.services import register, signing_keys
from bot.services.register import Register
from bot.services.register_proofs import UNASKED, UNSIGNED
from bot.services.register_word import PROOFS
from bot.services.verification import Verifier
from tests.conftest import NOW
from tests.service.proving import asks_nobody, followed, until_proved
from tests.service.test_certificates import several
from tests.service.test_register import outcome
from tests.service.test_register_trust import FORGERIES, tampered
from tests.waiting import until


@pytest.mark.usefixtures("proved")
async def test_what_the_keeper_asked_nobody_asks_again(rows, opened):
    other = asks_nobody(opened(keeps=False))

    other.restore()

    assert {outcome(other, row) for row in rows} == {Outcome.VALID}


@pytest.mark.usefixtures("proved")
async def test_who_runs_already_takes_the_keepers_word_with_its_next_look(
    rows, connection, opened, proved
):
    word = (proved / PROOFS).read_bytes()
    (proved / PROOFS).unlink()
    other = opened(keeps=False)
    asks_nobody(other).restore()
    before = bytes(other._table.proofs)
    (proved / PROOFS).write_bytes(word)

    await other.refresh(connection, now=NOW)

    assert before == bytes((UNASKED,)) * 8
    assert {outcome(other, row) for row in rows} == {Outcome.VALID}


@pytest.mark.parametrize("place", [0, 40, -1, -60, -200])
async def test_a_word_with_a_flipped_byte_is_nobodys(rows, opened, proved, place):
    whole = bytearray((proved / PROOFS).read_bytes())
    whole[place] ^= 1
    (proved / PROOFS).write_bytes(whole)
    other = asks_nobody(opened(keeps=False))

    other.restore()

    assert other._table.proofs == bytes((UNASKED,)) * 8
    assert outcome(other, rows[0]) is Outcome.UNKNOWN


async def test_a_word_about_another_table_says_nothing(rows, connection, opened, proved, emptier):
    """Even of one that is as long: the row was written by somebody with the database's password."""
    await tampered(emptier, "UPDATE certificate SET level = 'A' WHERE number = $1", rows[0].number)
    (proved / register_file.NAME).unlink()
    found = opened(keeps=False)
    await found.catch_up(connection, now=NOW)

    assert (proved / PROOFS).exists()
    assert found._table.proofs == bytes((UNASKED,)) * 8
    assert outcome(found, rows[0]) is Outcome.UNKNOWN
    assert outcome(found, rows[1]) is Outcome.VALID


@pytest.mark.usefixtures("proved")
async def test_a_word_about_other_keys_says_nothing(rows, opened):
    other = opened(keeps=False)
    other.restore()
    keys = other._all_keys

    other._know([key for key in keys if key.purpose is Purpose.STATUS])
    other._proving.take(other._table)

    assert other._table.proofs == bytes((UNASKED,)) * 8
    assert outcome(other, rows[0]) is Outcome.UNKNOWN


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
async def test_a_row_forged_before_the_table_was_made_is_told_and_never_valid(
    rows, db, emptier, opened, forgery
):
    what, token = forgery
    await tampered(emptier, f"UPDATE certificate SET {what} WHERE number = $1", rows[0].number)
    keeper, alarms = opened(), UNSIGNED._value.get()
    async with followed(keeper, db):
        await until_proved(keeper, 8, good=7)
    told = UNSIGNED._value.get() - alarms
    keeper.close()
    other = opened(keeps=False)
    other.restore()

    scanned = Verifier(other).by_token(rows[0].number, token or rows[0].token, now=NOW)
    typed = Verifier(other).by_number(rows[0].number, now=NOW)

    assert told == 1  # before anybody looked at it
    assert (scanned.outcome, typed.outcome) == (Outcome.UNKNOWN, Outcome.UNKNOWN)
    assert {outcome(other, row) for row in rows[1:]} == {Outcome.VALID}


async def test_of_a_new_table_only_what_is_new_is_asked(rows, db, issuer, opened, monkeypatch):
    keeper, asked = opened(), []
    judge = keeper._prover.judge
    monkeypatch.setattr(
        keeper._prover, "judge", lambda entry: asked.append(entry.number) or judge(entry)
    )

    async with followed(keeper, db):
        await until_proved(keeper, 8)
        new = await several(issuer, 6)
        await until_proved(keeper, 14)

    assert sorted(asked) == sorted(row.number for row in (*rows, *new))


async def test_with_other_keys_the_keeper_asks_again(rows, db, connection, issuer, opened):
    keeper = opened()
    later = NOW + timedelta(minutes=1)
    async with followed(keeper, db):
        await until_proved(keeper, 8)
        before = keeper._prover.fingerprint
        await signing_keys.rotate(
            Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="更换", now=later
        )

        async def is_known() -> bool:
            return keeper._prover.fingerprint != before

        await until(is_known, "the new key to be known", limit_s=20)
        await until_proved(keeper, 8)
    keeper.close()
    other = asks_nobody(opened(keeps=False))
    other.restore()
    await other.refresh(connection, now=later)

    assert {outcome(other, row) for row in rows} == {Outcome.VALID}


async def test_a_disk_that_takes_no_word_stops_nobody(rows, db, opened, proved):
    (proved / PROOFS).unlink()
    (proved / PROOFS).mkdir()  # nothing can be put in its place, also for root
    (proved / PROOFS / "x").touch()
    keeper = opened()

    async with followed(keeper, db):
        await until_proved(keeper, 8)

    assert {outcome(keeper, row) for row in rows} == {Outcome.VALID}


async def test_who_may_not_keep_leaves_the_files_alone(rows, connection, issuer, tmp_path):
    folder = tmp_path / "state"
    web = Register(bases=(issuer.base,), issuer=issuer, folder=folder, keeps=False)

    await web.catch_up(connection, now=NOW)

    assert {outcome(web, row) for row in rows} == {Outcome.VALID}
    assert not folder.exists()


BAD_RECORDS = {
    "a negative position": "position = -5",
    "a day before all tokens": "valid_from = '2019-05-01'",
    "a day after all days": "valid_to = '4019-05-01'",
    "a negative key": "key = -1",
    "a name in parts": "name = E'甲\\x1f乙\\x1f丙'",
    "too little randomness": "random = '\\x01'",
    "too much randomness": "random = decode(repeat('ff', 20), 'hex')",
}


@pytest.mark.parametrize("what", BAD_RECORDS.values(), ids=BAD_RECORDS)
async def test_a_record_that_cannot_be_is_told_and_the_others_are_asked(
    *, rows, db, connection, emptier, opened, what, monkeypatch
):
    keeper, alarms = opened(), UNSIGNED._value.get()
    await tampered(emptier, f"UPDATE certificate SET {what} WHERE number = $1", rows[3].number)
    async with followed(keeper, db):
        await until_proved(keeper, 8, good=7)
    told = UNSIGNED._value.get() - alarms
    monkeypatch.setattr(register, "MOST_RECENT", 100)
    among_changes = Register(bases=keeper.bases)
    await among_changes.refresh(connection, now=NOW)

    assert told == 1
    for found in (keeper, among_changes):
        assert found.find(rows[3].number) is None
        assert outcome(found, rows[3]) is Outcome.UNKNOWN
        assert Verifier(found).by_number(rows[3].number, now=NOW).outcome is Outcome.UNKNOWN


async def test_another_key_for_lists_lets_nothing_be_asked_again(rows, issuer, opened, connection):
    found = opened()
    await found.catch_up(connection, now=NOW)
    before = found._prover.fingerprint
    await signing_keys.rotate(
        Purpose.STATUS, issuer=issuer, by="甲", second="乙", why="更换", now=NOW
    )

    await found.catch_up(connection, now=NOW + timedelta(minutes=1))

    assert len(found.keys.of_purpose(Purpose.STATUS)) == 2
    assert found._prover.fingerprint == before
