"""Issuing: only what was decided, recorded before it is signed, numbered without gap or double."""

import asyncio
import gc
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from structlog.testing import capture_logs
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.signer import FileSigner, NoPrivateKeyError, verify
from bot.domain.actors import Staff, System
from bot.domain.certificate_token import decode, message, unpack
from bot.domain.certificates import Action, NeedsTwo, NoSuchStep, NotDecided, Reason, State
from bot.domain.errors import BadInput, DomainError, NotFound
from bot.domain.signing_keys import LONGEST_VALIDITY, Purpose
from bot.services import (
    audit,
    certificate_bases,
    certificate_bulk,
    certificate_lapses,
    certificate_life,
    certificate_reviews,
    certificate_signing,
    certificate_trail,
    certificates,
    signing_keys,
)
from bot.services.certificate_bases import BASES, Basis, Wanted
from bot.services.memberships import NeedsMembership
from bot.services.signing_keys import Issuer, NoKey
from models import AuditEntry, Certificate, CertificateEvent, Job
from models.ids import new_id
from tests import people, waiting
from tests.conftest import NOW
from tests.packs import LATER, V2, publish

BASE = "https://cx.example.org.cn"
STAFF = Staff("王芳")
TWO = Basis("demonstration", by="王芳", second="李强", reason="演示")


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(FileSigner(tmp_path / "keys"), BASE, production=False)


@pytest.fixture
def kind() -> AsyncIterator[set[UUID]]:
    """A kind of decision of which only the ids in this set were ever made."""
    decided: set[UUID] = set()

    async def check(wanted, _now):
        if any(one.basis.id not in decided for one in wanted):
            raise NotDecided

    BASES["test"] = check
    yield decided
    del BASES["test"]


async def made(enterprise=None, programme="credit-evaluation", level="AAA", basis=TWO, now=NOW):
    enterprise = enterprise or await people.enterprise()
    async with in_transaction():
        return await certificates.issue(
            enterprise_id=enterprise, programme=programme, level=level, basis=basis,
            actor=STAFF, now=now,
        )  # fmt: skip


async def signed(issuer: Issuer, now=NOW, **wanted) -> Certificate:
    issued = await made(now=now, **wanted)
    await certificate_signing.sign_waiting(issuer=issuer, now=now)
    return await Certificate.get(id=issued.id)


async def several(issuer: Issuer, count: int) -> list[Certificate]:
    """Issued one after the other, signed together."""
    issued = [(await made()).id for _ in range(count)]
    await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
    return await Certificate.filter(id__in=issued).order_by("position")


async def change(number, action, reason, *, second="李强", now=NOW, actor=STAFF):
    return await certificate_life.change(
        number, action, reason=reason, words="说明", second=second, actor=actor, now=now
    )


async def test_the_record_comes_first_and_the_signature_names_it(db, issuer):
    enterprise = await people.enterprise("晨星科技有限公司")
    issued = await made(enterprise)
    before = await Certificate.get(id=issued.id)

    count = await certificate_signing.sign_waiting(issuer=issuer, now=NOW)

    after = await Certificate.get(id=issued.id)
    payload, signature = unpack(after.token)
    claim = decode(after.number, payload)
    [key] = await signing_keys.listed()
    assert (before.token, before.key, before.number) == (None, None, "2026CNEAAA00001")
    assert (count, after.key, after.signed_at) == (1, 1, NOW)
    assert (claim.scheme, claim.level, claim.name) == ("CNE", "AAA", "晨星科技有限公司")
    assert (claim.valid_from, claim.valid_to) == (date(2026, 3, 2), date(2029, 3, 1))
    assert verify(key.key.public, signature, message(BASE, after.number, payload))
    assert [job.kind for job in await Job.all()] == ["certificates.sign"]


@pytest.mark.parametrize(
    ("basis", "refusal"),
    [
        (Basis("commitment", uuid4()), NotDecided),
        (Basis("award", uuid4()), NotDecided),
        (Basis("demonstration", by="王芳", second="王 芳", reason="演示"), NeedsTwo),
        (Basis("demonstration", by="王芳", second="", reason="演示"), NeedsTwo),
        (Basis("demonstration", by="王芳", second="李强"), NotDecided),
        (Basis("rename", uuid4()), NotDecided),
    ],
)
async def test_without_a_decision_nothing_is_issued(db, basis, refusal):
    with pytest.raises(refusal):
        await made(basis=basis)

    assert await Certificate.all().count() == await Job.all().count() == 0


async def test_an_insider_without_a_decision_is_refused_forty_times_out_of_forty(db, kind):
    enterprise = await people.enterprise()
    refused = 0
    for number in range(40):
        basis = Basis(("test", "commitment", "award", "")[number % 4], uuid4())
        try:
            await made(enterprise, basis=basis)
        except NotDecided:
            refused += 1

    assert (refused, await Certificate.all().count()) == (40, 0)


async def test_one_decision_gives_one_certificate(db, kind):
    decision = uuid4()
    kind.add(decision)
    enterprise = await people.enterprise()

    first = await made(enterprise, basis=Basis("test", decision))
    second = await made(enterprise, basis=Basis("test", decision))

    assert first == second
    assert await Certificate.all().count() == 1


async def test_a_decision_that_fell_before_the_signature_is_not_signed(db, issuer, kind):
    good, fallen = uuid4(), uuid4()
    kind |= {good, fallen}
    kept = await made(basis=Basis("test", good))
    lost = await made(basis=Basis("test", fallen))
    kind.discard(fallen)

    count = await certificate_signing.sign_waiting(issuer=issuer, now=NOW)

    tokens = {row.id: row.token is not None for row in await Certificate.all()}
    assert (count, tokens) == (1, {kept.id: True, lost.id: False})


@pytest.mark.parametrize(
    ("programme", "level", "number", "refusal"),
    [
        ("credit-evaluation", "AA", "2026CNEAAX00001", None),
        ("shanxi-integrity", "AAA+", "2026SXEA3P00001", None),
        ("credit-rating", "BBB", "2026CNRBBB00001", None),
        ("commitment", None, "2026CNSCNX00001", None),
        ("credit-rating", "NR", None, BadInput),
        ("shanxi-integrity", "不予评级", None, BadInput),
        ("credit-evaluation", None, None, BadInput),
        ("commitment", "AAA", None, BadInput),
        ("no-such", "AAA", None, NotFound),
    ],
)
async def test_numbers_follow_the_national_pattern(db, programme, level, number, refusal):
    if refusal:
        with pytest.raises(refusal):
            await made(programme=programme, level=level)
    else:
        assert (await made(programme=programme, level=level)).number == number


async def test_the_levels_are_those_of_the_rules_of_the_day_not_of_a_file_to_come(db):
    renamed = V2.replace('name = "AA"', 'name = "A1"')
    await publish()
    await publish(renamed, on=LATER)

    assert (await made(level="AA")).number == "2026CNEAAX00001"
    with pytest.raises(BadInput, match="可以是：AAA、A1、A、B、C"):
        await made(level="AA", now=NOW + timedelta(days=40))


async def test_serials_have_no_gap_and_no_double_whatever_happens_at_once(db):
    enterprises = [await people.enterprise() for _ in range(24)]

    async def one(number: int) -> None:
        async with in_transaction():
            await certificates.issue(
                enterprise_id=enterprises[number], programme="commitment", level=None, basis=TWO,
                actor=STAFF, now=NOW,
            )  # fmt: skip
            if number % 3 == 0:
                raise DomainError  # the caller's transaction fails after the number was drawn

    await asyncio.gather(*(one(n) for n in range(24)), return_exceptions=True)

    numbers = sorted(await Certificate.all().values_list("number", flat=True))
    assert numbers == [f"2026CNSCNX{n:05d}" for n in range(1, 17)]


async def test_a_new_certificate_replaces_the_one_that_still_lives(db, issuer):
    enterprise = await people.enterprise()
    old = await signed(issuer, enterprise=enterprise, level="A")

    new = await signed(issuer, enterprise=enterprise, level="AAA", now=NOW + timedelta(days=90))

    old = await Certificate.get(id=old.id)
    assert (old.state, old.reason, old.replaced_by) == ("superseded", "renewed", new.number)


async def test_what_was_issued_cannot_be_changed_or_deleted_even_by_a_slip(db, issuer):
    row = await signed(issuer)

    for slip in ({"level": "A"}, {"name": "别的公司"}, {"valid_to": date(2099, 1, 1)}):
        with pytest.raises((IntegrityError, OperationalError)):
            await Certificate.filter(id=row.id).update(**slip)
    with pytest.raises((IntegrityError, OperationalError, asyncpg.PostgresError)):
        await Certificate.filter(id=row.id).delete()
    with pytest.raises((IntegrityError, OperationalError)):  # a state without an audit entry
        await Certificate.filter(id=row.id).update(state="suspended")


async def test_each_change_is_audited_and_stands_in_the_trail(db, issuer):
    row = await signed(issuer)

    minute = timedelta(minutes=1)
    await change(row.number, Action.SUSPEND, Reason.UNDER_CHECK, now=NOW + minute)
    await change(row.number, Action.RESUME, Reason.CLEARED, now=NOW + 2 * minute)
    found = await change(row.number, Action.REVOKE, Reason.FALSE_MATERIAL, now=NOW + 3 * minute)

    lines = [
        (line.action, line.after, line.reason, line.by, line.second)
        for line in await certificate_life.trail(row.id)
    ]
    entries = await AuditEntry.filter(object_id=str(row.id)).order_by("at", "id")
    assert found.state is State.REVOKED
    assert lines == [
        ("issue", "active", "", "王芳", "李强"),
        ("suspend", "suspended", "under_check", "王芳", "李强"),
        ("resume", "active", "cleared", "王芳", "李强"),
        ("revoke", "revoked", "false_material", "王芳", "李强"),
    ]
    assert sorted(entry.action for entry in entries) == [
        "certificate.issued", "certificate.resume", "certificate.revoke", "certificate.suspend",
    ]  # fmt: skip
    with pytest.raises(NoSuchStep):
        await change(row.number, Action.RESUME, Reason.CLEARED)


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.REVOKE, Action.WITHDRAW])
async def test_a_grave_change_needs_two_people_and_a_reason(db, issuer, action):
    row = await signed(issuer)
    reason = {
        Action.SUSPEND: Reason.UNDER_CHECK,
        Action.REVOKE: Reason.MISUSE,
        Action.WITHDRAW: Reason.ON_REQUEST,
    }[action]

    with pytest.raises(NeedsTwo):
        await change(row.number, action, reason, second="王芳")
    with pytest.raises(BadInput):
        await certificate_life.change(
            row.number, action, reason=reason, words=" ", second="李强", actor=STAFF, now=NOW
        )
    with pytest.raises(NotFound):
        await change("2026CNEAAA99999", action, reason)
    assert (await certificate_life.find(row.number)).state is State.ACTIVE


async def test_the_holders_are_told(db, issuer):
    enterprise, holder = await people.enterprise(), await people.member()
    await people.bind(holder.user_id, enterprise)
    row = await signed(issuer, enterprise=enterprise)

    await change(row.number, Action.REVOKE, Reason.MISUSE, now=NOW + timedelta(minutes=1))

    told = [job.payload for job in await Job.filter(kind="people.tell").order_by("id")]
    assert [one["values"]["became"] for one in told] == ["已签发", "已撤销"]
    assert {one["user"] for one in told} == {str(holder.user_id)}
    assert told[1]["values"]["on"] == "2026年3月2日"


async def test_a_review_carries_on_to_the_next_anniversary_and_lifts_what_its_lack_did(db, issuer):
    row = await signed(issuer)
    late = NOW + timedelta(days=365 + 40)
    await people.join(row.enterprise_id, until=date(2027, 12, 31))
    lapsed = await certificate_lapses.all_due(now=late)
    between = await certificate_life.find(row.number)

    after = await certificate_reviews.passed(row.number, words="年审通过", actor=STAFF, now=late)

    assert (lapsed, between.state, between.reason) == (1, State.SUSPENDED, "review_missed")
    assert (after.state, after.reviewed_on) == (State.ACTIVE, late.date())
    assert after.review_due == date(2028, 3, 2)
    assert await certificate_lapses.all_due(now=late) == 0


async def test_a_review_waits_for_its_time_and_for_a_membership(db, issuer):
    row = await signed(issuer)  # due on 2 March 2027
    first = NOW.replace(year=2027, month=1, day=1)

    with pytest.raises(NoSuchStep, match="2027年1月1日起"):
        await passed(row, now=first - timedelta(days=1))
    with pytest.raises(NeedsMembership, match="续会或入会"):
        await passed(row, now=first)
    await people.join(row.enterprise_id)  # until the last day of 2026
    with pytest.raises(NeedsMembership, match="已于2026年12月31日到期"):
        await passed(row, now=first)
    await people.join(row.enterprise_id, since=date(2027, 1, 1), until=date(2027, 12, 31))

    assert (await passed(row, now=first)).review_due == date(2028, 3, 2)
    with pytest.raises(NoSuchStep, match="2028年1月2日起"):
        await passed(row, now=first)


async def passed(row: Certificate, *, now: datetime) -> certificate_life.Certificate:
    return await certificate_reviews.passed(row.number, words="年审通过", actor=STAFF, now=now)


async def test_more_certificates_lapse_in_a_night_than_are_looked_at_at_once(
    db, issuer, monkeypatch
):
    rows = await several(issuer, 5)
    monkeypatch.setattr(certificate_lapses, "AT_ONCE", 2)
    late = NOW + timedelta(days=365 + 40)

    first = await certificate_lapses.all_due(now=late)
    fresh = await signed(issuer, now=NOW + timedelta(days=1))
    second = await certificate_lapses.all_due(now=late)

    assert (first, second) == (5, 1)  # those that are suspended stand in nobody's way
    for row in (*rows, fresh):
        assert (await certificate_life.find(row.number)).state is State.SUSPENDED


async def test_a_review_that_is_passed_while_the_lapsed_are_listed_suspends_nothing(
    db, issuer, emptier
):
    row = await signed(issuer)
    late = NOW + timedelta(days=365 + 40)
    passed = emptier.transaction()
    await passed.start()
    await emptier.execute(
        "UPDATE certificate SET review_due = DATE '2028-03-02' WHERE id = $1", row.id
    )

    lapsing = asyncio.create_task(certificate_lapses.all_due(now=late))
    await waiting.until(somebody_waits, "the lapse waits for the review")
    await passed.commit()

    assert await lapsing == 0
    assert (await certificate_life.find(row.number)).state is State.ACTIVE


async def somebody_waits() -> bool:
    return bool(
        await fetch(
            "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE NOT l.granted AND a.datname = current_database()"
        )
    )


async def test_a_review_leaves_alone_what_was_suspended_for_something_else(db, issuer):
    row = await signed(issuer)
    await change(row.number, Action.SUSPEND, Reason.LICENCE)
    soon = NOW + timedelta(days=330)
    await people.join(row.enterprise_id, until=date(2027, 12, 31))

    after = await certificate_reviews.passed(row.number, words="年审通过", actor=STAFF, now=soon)

    assert (after.state, after.reason) == (State.SUSPENDED, "licence")


async def test_ninety_days_late_it_is_withdrawn_and_no_review_brings_it_back(db, issuer):
    row = await signed(issuer)
    late = NOW + timedelta(days=365 + 90)

    await certificate_lapses.all_due(now=late)

    assert (await certificate_life.find(row.number)).state is State.WITHDRAWN
    with pytest.raises(NoSuchStep):
        await certificate_reviews.passed(row.number, words="年审通过", actor=STAFF, now=late)
    with pytest.raises(NoSuchStep):
        commitment = await signed(issuer, programme="commitment", level=None)
        await certificate_reviews.passed(commitment.number, words="年审通过", actor=STAFF, now=NOW)


async def test_resuming_does_not_replace_a_review_that_is_missing(db, issuer):
    row = await signed(issuer)
    await change(row.number, Action.SUSPEND, Reason.UNDER_CHECK)

    with pytest.raises(NoSuchStep, match="年审"):
        await change(row.number, Action.RESUME, Reason.CLEARED, now=NOW + timedelta(days=366))


async def test_a_change_of_name_keeps_level_and_end_and_leads_on(db, issuer):
    row = await signed(issuer)
    later = NOW + timedelta(days=100)
    with pytest.raises(NotDecided, match="没有变化"):
        await certificate_life.rename(row.number, words="换照", actor=STAFF, now=later)
    await people.rename(row.enterprise_id, "新名称科技有限公司")

    issued = await certificate_life.rename(row.number, words="换照", actor=STAFF, now=later)
    await certificate_signing.sign_waiting(issuer=issuer, now=later)

    old = await certificate_life.find(row.number)
    new = await certificate_life.find(issued.number)
    assert (old.state, old.reason, old.replaced_by) == (State.SUPERSEDED, "renamed", new.number)
    assert (new.name, new.level, new.replaces) == ("新名称科技有限公司", "AAA", old.number)
    assert (new.valid_to, new.review_due, new.reviewed_on) == (
        old.valid_to, old.review_due, old.reviewed_on,
    )  # fmt: skip
    assert new.token is not None
    again = await certificate_life.rename(row.number, words="换照", actor=STAFF, now=later)
    assert again == issued


async def test_what_was_replaced_unsigned_is_passed_by_those_that_led_to_it(db, issuer):
    first = await signed(issuer)
    numbers = [first.number]
    for name in ("新名称科技有限公司", "更新名称科技有限公司"):
        await people.rename(first.enterprise_id, name)
        renamed = await certificate_life.rename(numbers[-1], words="换照", actor=STAFF, now=NOW)
        numbers.append(renamed.number)
    await certificate_signing.sign_waiting(issuer=issuer, now=NOW)

    found = [await certificate_life.find(number) for number in numbers]

    assert [one.token is not None for one in found] == [True, False, True]
    assert [one.replaced_by for one in found] == [numbers[2], numbers[2], ""]
    entry = await AuditEntry.get(action="certificate.lead_past")
    assert (entry.object_id, entry.actor) == (str(first.id), STAFF.name)


async def test_after_a_change_of_name_reviews_stay_on_the_old_anniversaries(db, issuer):
    row = await signed(issuer)  # on 2 March 2026
    await people.join(row.enterprise_id, until=date(2027, 12, 31))
    renamed = NOW + timedelta(days=190)
    await people.rename(row.enterprise_id, "新名称科技有限公司")
    issued = await certificate_life.rename(row.number, words="换照", actor=STAFF, now=renamed)

    after = await certificate_reviews.passed(
        issued.number, words="年审通过", actor=STAFF, now=NOW + timedelta(days=364)
    )

    assert (row.review_due, after.review_due) == (date(2027, 3, 2), date(2028, 3, 2))


async def test_a_new_decision_makes_good_a_missed_review_and_lifts_nothing_else(db, issuer):
    missed, checked = await signed(issuer), await signed(issuer)
    late = NOW + timedelta(days=365 + 40)
    await change(checked.number, Action.SUSPEND, Reason.LICENCE)
    await certificate_lapses.all_due(now=late)

    again = [await signed(issuer, enterprise=one.enterprise_id, now=late)
             for one in (missed, checked)]  # fmt: skip

    assert [(one.state, one.reason) for one in again] == [("active", ""), ("suspended", "licence")]
    assert all(one.token for one in again)


async def test_a_suspended_certificate_cannot_escape_by_a_new_name(db, issuer):
    row = await signed(issuer)
    await change(row.number, Action.SUSPEND, Reason.UNDER_CHECK)
    await people.rename(row.enterprise_id, "新名称科技有限公司")

    with pytest.raises(NoSuchStep):
        await certificate_life.rename(row.number, words="换照", actor=STAFF, now=NOW)


def test_runs_that_overlap_leave_the_collector_as_it_was():
    first, second = certificate_bulk._no_rubbish(), certificate_bulk._no_rubbish()
    found = [gc.isenabled()]
    first.__enter__()
    second.__enter__()
    found.append(gc.isenabled())
    first.__exit__(None, None, None)
    found.append(gc.isenabled())
    second.__exit__(None, None, None)

    assert [*found, gc.isenabled()] == [True, False, False, True]


async def test_many_are_issued_like_one(db, issuer):
    wanted = [Wanted(await people.enterprise(), "commitment", None, TWO) for _ in range(120)]
    said = []

    count = await certificate_bulk.issue_all(
        wanted, issuer=issuer, actor=System("test"), now=NOW, say=said.append
    )

    rows = await Certificate.all().order_by("number")
    [sums] = await fetch(
        "SELECT count(*) AS n FROM audit_part a JOIN audit_entry e ON e.id = a.entry_id"
        " JOIN certificate c ON c.id::text = a.object_id"
        " WHERE e.action = 'certificate.issued' AND a.kind = 'certificate'"
        " AND a.sha256 = audit_looks_flat(to_jsonb(c), '{}')"
    )
    assert (count, said, sums["n"]) == (120, [120], 120)
    assert [row.number for row in rows] == [f"2026CNSCNX{n:05d}" for n in range(1, 121)]
    assert all(row.token for row in rows)
    assert len({row.position for row in rows}) == 120


async def test_a_run_for_many_that_is_interrupted_is_gone_on_with(db, issuer, kind, monkeypatch):
    """What was drawn in vain is in the log; its numbers are given to nobody."""
    monkeypatch.setattr(certificate_bulk, "CHUNK", 60)
    wanted = [
        Wanted(await people.enterprise(), "commitment", None, Basis("test", uuid4()))
        for _ in range(120)
    ]
    kind.update(one.basis.id for one in wanted)

    def stop(_done: int) -> None:
        raise RuntimeError

    given = {"issuer": issuer, "actor": System("test"), "now": NOW}
    with pytest.raises(RuntimeError):
        await certificate_bulk.issue_all(wanted, **given, say=stop)
    assert gc.isenabled()
    between = await Certificate.all().count()
    count = await certificate_bulk.issue_all(wanted, **given, say=lambda _: None)

    rows = await Certificate.all().order_by("number")
    drawn = await AuditEntry.filter(action="certificates.draw").count()
    assert (between, count, len(rows), drawn) == (60, 120, 120, 3)
    assert {row.basis_id for row in rows} == kind
    assert [int(row.number[-5:]) for row in rows] == [*range(1, 61), *range(121, 181)]


async def test_what_changes_while_many_are_signed_is_not_issued(db, issuer, kind, monkeypatch):
    wanted = [
        Wanted(await people.enterprise(), "commitment", None, Basis("test", uuid4()))
        for _ in range(4)
    ]
    kind.update(one.basis.id for one in wanted)
    loop, sign = asyncio.get_running_loop(), certificate_signing.token_of

    async def change_two() -> None:
        kind.discard(wanted[1].basis.id)
        await people.rename(wanted[2].enterprise_id, "新名称科技有限公司")

    def meanwhile(*given, **more):  # in the thread that signs
        monkeypatch.setattr(certificate_signing, "token_of", sign)
        asyncio.run_coroutine_threadsafe(change_two(), loop).result()
        return sign(*given, **more)

    monkeypatch.setattr(certificate_signing, "token_of", meanwhile)
    said = []
    given = {"issuer": issuer, "actor": System("test"), "now": NOW, "say": said.append}
    count = await certificate_bulk.issue_all(wanted, **given)
    issued = await Certificate.all().values_list("basis_id", flat=True)
    kind_left = [one for one in wanted if one.basis.id in kind]
    await certificate_bulk.issue_all(kind_left, **given)

    assert (count, set(issued)) == (2, {wanted[0].basis.id, wanted[3].basis.id})
    assert (said, await Certificate.all().count()) == ([2, 3], 3)
    renamed = await Certificate.get(basis_id=wanted[2].basis.id)
    assert renamed.name == "新名称科技有限公司"


async def test_the_holders_of_many_are_told_like_that_of_one(db, issuer):
    wanted = [Wanted(await people.enterprise(), "commitment", None, TWO) for _ in range(3)]
    holders = [await people.member() for _ in range(2)]
    for holder, one in zip(holders, wanted[:2], strict=True):
        await people.bind(holder.user_id, one.enterprise_id)
    async with in_transaction():
        issued = await certificates.issue_many(wanted, actor=System("test"), now=NOW)

    for job in await Job.filter(kind=certificate_trail.TELL):
        async with in_transaction():
            await certificate_trail.tell_many(job.payload, NOW)

    told = {job.payload["user"]: job.payload for job in await Job.filter(kind="people.tell")}
    assert {one["values"]["became"] for one in told.values()} == {"已签发"}
    assert {user: one["link"] for user, one in told.items()} == {
        str(holder.user_id): f"/h5/e/{one.enterprise_id}/certificates/{made.number}"
        for holder, one, made in zip(holders, wanted, issued, strict=False)
    }


async def test_many_without_audit_entries_are_refused_by_the_table_itself(db):
    enterprise = await people.enterprise()
    issued = await made(enterprise)
    [row] = await Certificate.filter(id=issued.id).values()
    row |= {"id": uuid4(), "number": "2026CNEAAA00077", "position": 77}

    with pytest.raises((IntegrityError, OperationalError), match="audit entry"):
        await Certificate.create(**row)


# --- keys ---


async def test_old_keys_verify_and_the_new_one_signs(db, issuer):
    before = await signed(issuer)

    new = await signing_keys.rotate(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="每年更换", now=NOW
    )
    after = await signed(issuer)

    keys = {one.key.number: one for one in await signing_keys.listed()}
    assert (before.key, after.key, new.number) == (1, 2, 2)
    moment = timedelta(microseconds=1)  # after the last certificate that it signed
    assert (keys[1].key.retired_at, keys[1].retired_why) == (NOW + moment, "每年更换")
    assert (await certificate_life.find(before.number)).believed
    with pytest.raises(NeedsTwo):
        await signing_keys.rotate(
            Purpose.CERTIFICATE, issuer=issuer, by="甲", second="甲", why="x", now=NOW
        )


async def test_a_key_may_be_published_before_it_is_used(db, issuer):
    await signed(issuer)
    later = NOW + timedelta(days=30)
    await signing_keys.make(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="明年的", now=NOW, from_=later
    )

    today = await signed(issuer)
    then = await signed(issuer, now=later)

    assert (today.key, then.key) == (1, 2)


async def test_production_knows_no_test_key_and_makes_none_by_itself(db, issuer, kind):
    await signed(issuer)
    earnest = replace(issuer, production=True)
    kind.add(decision := uuid4())
    await made(basis=Basis("test", decision))

    with pytest.raises(NoKey):
        await certificate_signing.sign_waiting(issuer=earnest, now=NOW)

    assert (await signing_keys.keyring(production=True)).keys == {}


async def test_in_production_no_demonstration_is_made_or_signed(db, issuer, kind):
    earnest = replace(issuer, production=True)
    given = {"by": "甲", "why": "第一把", "now": NOW, "from_": None}
    await signing_keys.make(Purpose.CERTIFICATE, issuer=earnest, **given)
    shown = await made()
    kind.add(decision := uuid4())
    real = await made(basis=Basis("test", decision))

    with pytest.raises(NotDecided, match="正式环境不签发演示证书"):
        certificate_bases.demonstration(by="王芳", second="李强", reason="演示", production=True)
    count = await certificate_signing.sign_waiting(issuer=earnest, now=NOW)

    tokens = dict(await Certificate.all().values_list("number", "token"))
    assert (count, tokens[shown.number], bool(tokens[real.number])) == (1, None, True)


async def test_the_first_key_is_made_by_one_and_each_that_follows_by_two(db, issuer):
    given = {"issuer": issuer, "by": "甲", "why": "演练", "now": NOW, "from_": None}
    first = await signing_keys.make(Purpose.CERTIFICATE, **given)

    for second in ("", "甲", " 甲"):
        with pytest.raises(NeedsTwo):
            await signing_keys.make(Purpose.CERTIFICATE, second=second, **given)
    other = await signing_keys.make(Purpose.STATUS, **given)  # a ring of its own
    two = await signing_keys.make(Purpose.CERTIFICATE, second="乙", **given)

    made_by = [one.made_by for one in await signing_keys.listed()]
    assert (first.number, other.number, two.number) == (1, 2, 3)
    assert made_by == ["甲", "甲", "甲、乙"]


@pytest.mark.parametrize("from_", [NOW - timedelta(1), NOW + timedelta(367),
                                   datetime(9999, 12, 31, tzinfo=UTC)])  # fmt: skip
async def test_a_key_that_begins_too_early_or_late_leaves_nothing_behind(
    db, issuer, tmp_path, from_
):
    with pytest.raises(BadInput, match="一年以内"):
        await signing_keys.make(
            Purpose.CERTIFICATE, issuer=issuer, by="甲", why="演练", now=NOW, from_=from_
        )

    assert (await signing_keys.listed(), (tmp_path / "keys").exists()) == ([], False)


async def test_a_key_grows_old_and_is_told_until_its_successor_is_made(db, issuer):
    await signed(issuer)
    old = NOW + timedelta(days=330)

    async def overdue(now: datetime) -> list[int]:
        ring = await signing_keys.keyring(production=False)
        return [key.number for key in ring.overdue(now)]

    before = await overdue(old - timedelta(1))
    with capture_logs() as logs:
        await signing_keys.warn_of_age(issuer=issuer, now=old)
    await signing_keys.make(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="明年的", now=old,
        from_=old + timedelta(30),
    )  # fmt: skip

    assert (before, await overdue(old)) == ([], [])
    assert [(line["event"], line["key"], line["days"]) for line in logs] == [
        ("signing_key_overdue", 1, 330)
    ]


async def test_nothing_is_signed_that_could_not_be_verified_to_its_end(db, issuer):
    await signed(issuer)
    ring = await signing_keys.keyring(production=False)
    key = ring.get(1, Purpose.CERTIFICATE)

    assert key.may_sign(key.verify_until - LONGEST_VALIDITY - timedelta(1))
    assert not key.may_sign(key.verify_until - LONGEST_VALIDITY)


async def test_a_certificate_that_is_signed_while_the_key_is_changed_is_good(
    db, issuer, monkeypatch
):
    """Its time was taken before the change began, and its signature comes after it."""
    await signed(issuer)
    late = await made(now=NOW + timedelta(seconds=2))
    sign = certificate_signing.token_of

    async def changed() -> None:
        await signing_keys.rotate(
            Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="更换", now=NOW
        )

    def in_between(*given, **more):
        monkeypatch.setattr(certificate_signing, "token_of", sign)
        asyncio.get_running_loop().create_task(changed())
        return sign(*given, **more)

    hold = signing_keys.hold

    async def after_the_change(key):
        await waiting.until(_rotated, "the key was changed")
        monkeypatch.setattr(certificate_signing, "hold", hold)
        await hold(key)

    monkeypatch.setattr(certificate_signing, "token_of", in_between)
    monkeypatch.setattr(certificate_signing, "hold", after_the_change)

    count = await certificate_signing.sign_waiting(issuer=issuer, now=NOW + timedelta(seconds=3))

    found = await certificate_life.find(late.number)
    assert (count, found.key, found.believed) == (1, 2, True)


async def _rotated() -> bool:
    return len(await signing_keys.listed()) == 2


async def test_what_no_token_can_carry_stands_in_nobodys_way(db, issuer):
    before = await made()
    [row] = await Certificate.filter(id=before.id).values()
    long = await people.enterprise("晨星科技有限公司")
    odd = row | {"id": new_id(NOW), "number": "2026CNEAAA00077", "position": 77,
                 "enterprise_id": long, "name": "\U00020000" * 128}  # fmt: skip
    async with in_transaction():
        await audit.note("certificate.issued", kind="certificate", id=odd["id"], actor=STAFF,
                         now=NOW)  # fmt: skip
        await Certificate.create(**odd)
    after = await made()

    count = await certificate_signing.sign_waiting(issuer=issuer, now=NOW)

    tokens = dict(await Certificate.all().values_list("number", "token"))
    assert (count, tokens[odd["number"]]) == (2, None)
    assert all(tokens[one.number] for one in (before, after))


def test_whoever_signs_knows_everybody_who_decides():
    program = (
        "from bot.services import certificate_bases, certificate_signing\n"
        "print(*sorted(certificate_bases.BASES))"
    )

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert told.stdout.split() == [b"commitment", b"demonstration", b"rename"]


async def test_signing_again_makes_nothing_good_that_has_no_decision(db, issuer, kind):
    kind.update(decisions := [uuid4(), uuid4()])
    good, bad = [await signed(issuer, basis=Basis("test", one)) for one in decisions]
    await signing_keys.rotate(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="更换", now=NOW
    )
    kind.discard(decisions[1])

    done = await certificate_signing.sign_all_again(issuer=issuer, now=NOW, say=lambda _: None)

    keys = [(await certificate_life.find(one.number)).key for one in (good, bad)]
    assert (done.done, done.refused, keys) == (1, 1, [2, 1])


async def test_renamed_certificates_are_signed_again_also_after_the_old_name_came_back(db, issuer):
    row = await signed(issuer)
    name = row.name
    await people.rename(row.enterprise_id, "新名称科技有限公司")
    issued = await certificate_life.rename(row.number, words="换照", actor=STAFF, now=NOW)
    await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
    await people.rename(row.enterprise_id, name)
    await signing_keys.rotate(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="更换", now=NOW
    )

    done = await certificate_signing.sign_all_again(issuer=issuer, now=NOW, say=lambda _: None)

    assert (done.done, done.refused) == (1, 0)
    assert (await certificate_life.find(issued.number)).key == 2


async def test_a_private_key_that_others_can_read_signs_nothing(db, issuer, tmp_path):
    await signed(issuer)
    path = tmp_path / "keys" / "1.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    await made()

    with pytest.raises(NoPrivateKeyError, match="600"):
        await certificate_signing.sign_waiting(issuer=issuer, now=NOW)


async def test_a_private_key_of_another_pair_or_none_signs_nothing(db, issuer, tmp_path):
    await signed(issuer)
    (tmp_path / "keys" / "1.pem").rename(tmp_path / "kept")
    await made()
    with pytest.raises(NoPrivateKeyError, match="没有 1 号"):
        await certificate_signing.sign_waiting(issuer=issuer, now=NOW)

    FileSigner(tmp_path / "keys").make(1)
    with pytest.raises(NoPrivateKeyError, match="不是登记的"):
        await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
    (tmp_path / "keys" / "1.pem").write_text("nothing")
    with pytest.raises(NoPrivateKeyError, match="不是可用的"):
        await certificate_signing.sign_waiting(issuer=issuer, now=NOW)


async def test_a_theft_is_noted_by_two_people_and_only_ever_moved_back(db, issuer):
    await signed(issuer)
    given = {"by": "甲", "why": "电脑被盗", "now": NOW}

    with pytest.raises(NeedsTwo):
        await signing_keys.compromise(1, from_=NOW, second="甲", **given)
    with pytest.raises(BadInput):
        await signing_keys.compromise(1, from_=NOW + timedelta(1), second="乙", **given)
    with pytest.raises(NotFound):
        await signing_keys.compromise(9, from_=NOW, second="乙", **given)
    await signing_keys.compromise(1, from_=NOW, second="乙", **given)
    earlier = NOW - timedelta(days=1)
    await signing_keys.compromise(1, from_=earlier, second="乙", **given)
    with pytest.raises(DomainError, match="已经登记过"):
        await signing_keys.compromise(1, from_=NOW, second="乙", **given)

    [found] = await signing_keys.listed()
    assert (found.key.compromised_from, found.compromised_why) == (earlier, "电脑被盗")
    assert await CertificateEvent.all().count() == 0
