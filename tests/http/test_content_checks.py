"""What people send to the staff is judged first: by WeChat, by people when it cannot tell."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import aiohttp
import pytest
from tortoise.transactions import in_transaction

from bot.clients.vault import Vault
from bot.config import Config
from bot.deps import open_cabinet, open_vault
from bot.domain.actors import Staff
from bot.domain.errors import NotFound, Stale
from bot.domain.sessions import Door
from bot.jobs import work_with
from bot.sandbox.people import mini_openid
from bot.services import content_checks, fake_reports, outbox, retention, sessions, tickets
from bot.services.cabinet import Cabinet
from bot.services.content_checks import Covered
from bot.services.fake_reports import Told
from bot.services.sessions import Known
from models import (
    AuditEntry,
    CheckState,
    Consent,
    ContentCheck,
    FakeReport,
    InboundMessage,
    Job,
    JobState,
)
from models.ids import new_id
from tests import papers, people
from tests.conftest import NOW
from tests.doors import LI, WANG, Doors, open_doors

LONG = "我们做精密零件。" * 400
CLEAN = "年审要交什么材料"
RISKY = "办理违规贷款"
DOUBTED = "微信建议人工审核"
VAULT: Vault = open_vault(Config())
STAFF = Staff("王芳")


@dataclass
class Desk:
    doors: Doors
    cabinet: Cabinet

    async def put(self, words: str = CLEAN, openid: str | None = None) -> UUID:
        """Leave a question; the check of it."""
        mini = mini_openid(WANG) if openid is None else openid
        now = self.doors.clock.now
        async with in_transaction():
            await tickets.open_ticket("wxoa", "o1", words, mini=mini, vault=VAULT, now=now)
        return (await ContentCheck.all().order_by("-id"))[0].id

    async def put_picture(self, words: str = "") -> UUID:
        """Report a certificate by its photo; the check of that."""
        with papers.spool(papers.picture()) as photo:
            await fake_reports.take(
                Told("", words, "", "", photo), asker="x", openid=mini_openid(WANG),
                cabinet=self.cabinet, now=self.doors.clock.now,
            )  # fmt: skip
        return (await ContentCheck.filter(file_id__isnull=False).order_by("-id"))[0].id

    async def work(self) -> None:
        """Every job that waits, once; what they cause as well."""
        tasks = work_with(self.doors.accounts, Config()).tasks
        while jobs := await Job.filter(state=JobState.WAITING).order_by("id"):
            for job in jobs:
                await outbox.perform(job.id, tasks=tasks, now=self.doors.clock.now)
            await self.doors.control("settle")

    async def state(self, check: UUID) -> CheckState:
        return (await ContentCheck.get(id=check)).state

    async def script(self, kind: str, **answer: object) -> None:
        await self.doors.control("verdicts", {"kind": kind, "answers": [answer]})

    async def listed(self) -> list[tuple[str, str]]:
        """The words in the list of tickets, and why they are not there."""
        return [(one.question, one.covered) for one in await tickets.waiting()]


@pytest.fixture
async def desk(db, redis_url, tmp_path) -> AsyncIterator[Desk]:
    async with (
        open_doors(redis_url, now=NOW, state_dir=tmp_path) as doors,
        open_cabinet(Config(state_dir=tmp_path)) as cabinet,
    ):
        code = await doors.code(WANG)  # who is judged must have been in the mini-program
        await doors.ask("POST", "/api/session", json={"code": code})
        assert cabinet
        yield Desk(doors, cabinet)


async def test_a_clean_question_is_unfolded_once_it_is_judged(desk):
    check = await desk.put()
    before = await desk.listed()

    await desk.work()
    await desk.work()

    assert before == [("", "微信正在审核")]
    assert await desk.listed() == [(CLEAN, "")]
    row = await ContentCheck.get(id=check)
    assert (row.state, row.openid, row.words) == (CheckState.PASSED, "", "")
    [call] = [c for c in await desk.doors.ledger("calls") if c["path"] == "/wxa/msg_sec_check"]
    assert (call["body"]["scene"], call["body"]["version"]) == (2, 2)


async def test_a_risky_question_is_listed_and_not_unfolded(desk):
    check = await desk.put(RISKY)

    await desk.work()

    row = await ContentCheck.get(id=check)
    assert (row.state, row.label, row.decided_by) == (CheckState.REJECTED, 20006, "")
    assert await desk.listed() == [("", "微信判为含有违法犯罪内容")]


@pytest.mark.parametrize("openid", [None, ""])
async def test_a_covered_question_is_read_by_name_and_reason_and_answered_as_any_other(
    desk, openid
):
    await desk.put(RISKY, openid)
    await desk.work()
    [ticket] = await tickets.waiting()

    words = await tickets.words_of(ticket.id, actor=STAFF, reason="核实投诉", now=NOW)
    await tickets.reply(ticket.id, "您好，我们不办贷款。", actor=STAFF, now=NOW)

    assert words == RISKY
    read, answered = await AuditEntry.all().order_by("id")
    assert (read.action, read.actor) == ("ticket.words_read", "王芳")
    assert answered.action == "ticket.answered"
    assert await tickets.waiting() == []
    with pytest.raises(NotFound):
        await tickets.words_of(new_id(NOW), actor=STAFF, reason="核实", now=NOW)


async def test_a_question_from_the_chat_is_judged_by_who_asked_it(desk):
    """The openid of the chat means nothing to the mini-program; the unionid joins the two."""
    mini, service = desk.doors.accounts.mini.appid, desk.doors.accounts.service.appid
    await sessions.recognise(Known(mini, mini_openid(WANG), "u-wang"), now=NOW)
    await people.agree(await sessions.recognise(Known(service, WANG, "u-wang"), now=NOW))
    desk.doors.clock.now = NOW + timedelta(hours=12)  # nobody is at the desk
    for openid in (WANG, LI):
        await desk.doors.control(f"people/{openid}/follow")
        for said in ("人工", RISKY):
            await desk.doors.control(f"people/{openid}/text", {"content": said})

    found = {row.openid: row.words for row in await ContentCheck.all()}

    assert found == {mini_openid(WANG): RISKY, "": RISKY}


async def test_who_was_never_joined_or_does_not_agree_is_nobody_in_the_other_account(desk):
    mini, service = desk.doors.accounts.mini.appid, desk.doors.accounts.service.appid
    await sessions.recognise(Known(mini, "m-wu", "u-wu"), now=NOW)
    wu = await sessions.recognise(Known(service, "s-wu", "u-wu"), now=NOW)
    lin = await sessions.recognise(Known(service, "s-lin"), now=NOW)

    async def known() -> list[str]:
        asked = ("s-wu", "s-lin", "s-no")
        return [await sessions.openid_beside(service, who, other=mini) for who in asked]

    silent = await known()
    await people.agree(wu)
    await people.agree(lin)
    agreed = await known()
    await Consent.filter(user_id=wu).update(revoked_at=NOW)

    assert (silent, agreed, await known()) == (["", "", ""], ["m-wu", "", ""], ["", "", ""])


async def test_a_long_text_is_judged_whole_and_by_its_worst_part(desk):
    check = await desk.put(LONG + "违规")

    await desk.work()

    assert await desk.state(check) is CheckState.REJECTED
    calls = [c for c in await desk.doors.ledger("calls") if c["path"] == "/wxa/msg_sec_check"]
    assert [len(c["body"]["content"]) for c in calls] == [2500, 752]


@pytest.mark.parametrize(
    ("answer", "why", "listed"),
    [
        ({"suggest": "review", "label": 10001}, DOUBTED, ("", DOUBTED)),
        ({"suggest": "maybe"}, DOUBTED, ("", DOUBTED)),
        ({"errcode": 61010}, "微信不能审核（61010）", (CLEAN, "")),
        ({"errcode": 48001}, "微信不能审核（48001）", (CLEAN, "")),
    ],
)
async def test_what_wechat_cannot_tell_waits_for_a_person_who_sees_it(desk, answer, why, listed):
    """What it doubts is unfolded only where they look at it; what it cannot judge, also before."""
    await desk.script("text", **answer)
    check = await desk.put()

    await desk.work()

    assert [(one.id, one.why, one.words) for one in await content_checks.waiting()] == [
        (check, why, CLEAN)
    ]
    assert await desk.listed() == [listed]
    await content_checks.decide(check, passes=True, by="赵敏", reason="", now=NOW)
    assert await desk.listed() == [(CLEAN, "")]


async def test_who_was_never_in_the_mini_program_is_judged_by_people(desk):
    known = await desk.put(openid=mini_openid(LI))
    unknown = await desk.put(openid="")

    await desk.work()

    assert {one.id: one.why for one in await content_checks.waiting()} == {
        known: "微信不能审核（61010）",
        unknown: "小程序里没有这个人，微信不能审核",
    }


async def test_while_wechat_is_down_nothing_is_unfolded_and_after_35_minutes_people_look(desk):
    check = await desk.put()
    await desk.doors.control("faults", {"api": {"kind": "errcode", "errcode": -1}})
    with pytest.raises(Exception, match="-1"):
        await desk.work()

    states = []
    for minutes in (34, 36):
        await content_checks.sweep(now=NOW + timedelta(minutes=minutes))
        states.append((await desk.state(check), await desk.listed()))

    assert states == [
        (CheckState.PENDING, [("", "微信正在审核")]),
        (CheckState.HUMAN, [(CLEAN, "")]),
    ]


async def test_a_person_decides_once_and_the_list_goes_by_it(desk):
    check, other = await desk.put(openid=""), await desk.put("再问一句", openid="")
    await content_checks.decide(other, passes=True, by="赵敏", reason="", now=NOW)

    await content_checks.decide(check, passes=False, by="赵敏", reason="广告", now=NOW)
    with pytest.raises(Stale):
        await content_checks.decide(check, passes=True, by="钱进", reason="", now=NOW)

    row = await ContentCheck.get(id=check)
    assert (row.state, row.decided_by, row.why) == (CheckState.REJECTED, "赵敏", "广告")
    assert await desk.listed() == [("", "赵敏审核不通过：广告"), ("再问一句", "")]


async def test_nobody_decides_what_nobody_wrote(desk):
    with pytest.raises(NotFound):
        await content_checks.decide(new_id(NOW), passes=True, by="赵敏", reason="", now=NOW)


async def test_what_is_done_with_needs_no_verdict_and_a_late_one_does_no_harm(desk):
    await desk.doors.control("faults", {"receipt": {"never": True}})
    picture = await desk.put_picture("某展会")
    await desk.put()
    [report], [ticket] = await FakeReport.all(), await tickets.waiting()
    await tickets.close(ticket.id, actor=STAFF, remark="", now=NOW)
    trace_id = await asked_about(desk, picture)
    await fake_reports.close(report.ticket, by="王芳", outcome="属实", now=NOW)

    await verdict(desk, trace_id, result={"suggest": "risky", "label": 20002})
    await desk.work()

    assert [row.state for row in await ContentCheck.all()] == [CheckState.PASSED]  # before
    assert await Job.filter(state__not=JobState.DONE).count() == 0


async def test_a_verdict_goes_with_what_it_is_about(desk):
    for _ in range(2):
        await desk.put(RISKY)
        await desk.put_picture()
    await desk.work()
    closed, left = await tickets.waiting()
    await tickets.close(closed.id, actor=STAFF, remark="", now=NOW)
    for report in await FakeReport.all():
        await fake_reports.close(report.ticket, by="王芳", outcome="属实", now=NOW)

    await retention.purge(now=NOW + timedelta(days=366))
    after_a_year = [row.subject for row in await ContentCheck.all()]
    await tickets.forget("wxoa", "o1")

    assert after_a_year == [left.id]
    assert await ContentCheck.all().count() == 0


# Pictures


EVENT = {"MsgType": "event", "Event": "wxa_media_check", "version": 2, "errcode": 0}


async def verdict(desk: Desk, trace_id: str, **fields: object) -> None:
    """Push a verdict to the mini-program's own address, in the form that is set."""
    body = EVENT | {"trace_id": trace_id} | fields
    answer = await desk.doors.control("push", {"openid": mini_openid(WANG), "mini": body})
    assert answer["outcome"] == "delivered"


async def asked(desk: Desk) -> tuple[UUID, str]:
    """A picture about which WeChat was asked; its own verdict never comes."""
    await desk.doors.control("faults", {"receipt": {"never": True}})
    check = await desk.put_picture()
    return check, await asked_about(desk, check)


async def asked_about(desk: Desk, check: UUID) -> str:
    await desk.work()
    return str((await ContentCheck.get(id=check)).trace_id)


async def photo_covered() -> str:
    [report] = await fake_reports.waiting()
    return report.covered.picture


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"result": {"suggest": "pass", "label": 100}}, CheckState.PASSED),
        ({"result": {"suggest": "risky", "label": 20002}}, CheckState.REJECTED),
        ({"result": {"suggest": "review", "label": 21000}}, CheckState.HUMAN),
        ({"errcode": -1008}, CheckState.HUMAN),
        ({"isrisky": 1}, CheckState.REJECTED),
        ({"isrisky": 0, "status_code": 0}, CheckState.PASSED),
        ({"isrisky": 0, "status_code": 4294966288}, CheckState.HUMAN),
        ({}, CheckState.HUMAN),
    ],
)
async def test_each_verdict_about_a_picture_is_understood_in_both_forms(desk, form, fields, state):
    await desk.doors.control("mini", {"form": form})
    check, trace_id = await asked(desk)

    await verdict(desk, trace_id, **fields)
    await desk.work()

    assert await desk.state(check) is state
    assert bool(await photo_covered()) is (state is not CheckState.PASSED)


async def test_a_verdict_with_several_details_counts_by_its_result(desk):
    check, trace_id = await asked(desk)
    await desk.doors.control("mini", {"form": "xml"})
    details = [{"strategy": "a", "suggest": "risky"}, {"strategy": "b", "suggest": "pass"}]

    await verdict(desk, trace_id, detail=details, result={"suggest": "pass", "label": 100})
    await desk.work()

    assert await desk.state(check) is CheckState.PASSED


async def test_a_verdict_that_overtakes_its_question_is_not_lost(desk):
    await desk.doors.control("faults", {"receipt": {"never": True}})
    check = await desk.put_picture()
    await content_checks.take(
        {"fields": {"trace_id": "t9", "result": {"suggest": "pass", "label": "100"}}}, NOW
    )
    await ContentCheck.filter(id=check).update(trace_id="t9")  # both at the same moment

    late = await content_checks.sweep(now=NOW + timedelta(minutes=1))

    assert (late, await desk.state(check)) == (0, CheckState.PASSED)


async def test_the_same_verdict_twice_is_one_and_another_cannot_overturn_it(desk):
    check, trace_id = await asked(desk)

    for suggest in ("pass", "pass", "risky"):
        await verdict(desk, trace_id, result={"suggest": suggest, "label": 100})
        desk.doors.clock.now += timedelta(seconds=1)
        await desk.work()

    assert await desk.state(check) is CheckState.PASSED


async def test_a_verdict_about_nothing_of_ours_leaves_no_job_behind(desk):
    await verdict(desk, "of-somebody-else", result={"suggest": "pass", "label": 100})
    await verdict(desk, "")

    await desk.work()

    assert await Job.filter(state__not=JobState.DONE).count() == 0


@pytest.mark.parametrize(
    ("suggest", "covered"), [("pass", ""), ("review", DOUBTED), ("risky", "微信判为不适合展示")]
)
async def test_a_picture_is_fetched_by_its_ticket_judged_and_the_opening_noted(
    desk, suggest, covered
):
    await desk.script("picture", suggest=suggest, label=21000)
    await desk.put_picture()
    before = await photo_covered()

    await desk.work()
    await desk.work()

    assert (before, await photo_covered()) == ("微信正在审核", covered)
    assert await AuditEntry.all().values_list("actor_kind", "actor", "action") == [
        ("system", "content_check", "fake_report.photo_opened")
    ]


async def test_words_and_photo_of_a_report_are_judged_each_by_itself(desk):
    await desk.put_picture("某展会违规张贴")
    await desk.work()

    [report] = await fake_reports.waiting()
    whole = await fake_reports.words_of(report.ticket, by="王芳", reason="核实", now=NOW)

    assert (report.place, report.has_photo) == ("", True)
    assert report.covered == Covered(words="微信判为含有违法犯罪内容")
    assert (whole.place, whole.covered) == ("某展会违规张贴", Covered())
    entry = (await AuditEntry.all().order_by("-id"))[0]
    assert (entry.action, entry.actor) == ("fake_report.words_opened", "王芳")
    with pytest.raises(NotFound):
        await fake_reports.words_of("JB1", by="王芳", reason="核实", now=NOW)


async def report(desk: Desk, place: str, cookies: dict[str, str]) -> None:
    form = aiohttp.FormData({"place": place}, default_to_multipart=True)
    answer = await desk.doors.ask("POST", "/certificates/report", data=form, cookies=cookies)
    assert answer.status == 200


async def test_who_reports_signed_in_is_judged_by_wechat_and_kept_nowhere(desk):
    """Whoever is not signed in, or was never in the mini-program, is judged by people."""
    mini, service = desk.doors.accounts.mini.appid, desk.doors.accounts.service.appid
    await sessions.recognise(Known(mini, mini_openid(WANG), "u-wang"), now=NOW)
    known = await sessions.sign_in(Known(service, WANG, "u-wang"), Door.H5, now=NOW)
    alone = await sessions.sign_in(Known(service, LI), Door.H5, now=NOW)
    await people.agree(known.member.user_id)
    await people.agree(alone.member.user_id)
    cookies = [{"session": known.token}, {"session": alone.token}, {"session": "gone"}, {}]

    for cookie in cookies:
        await report(desk, "某展会", cookie)
    before = [(row.state, row.openid) for row in await ContentCheck.all().order_by("id")]
    await desk.work()

    assert before == [
        (CheckState.PENDING, mini_openid(WANG)), *[(CheckState.HUMAN, "")] * 3,
    ]  # fmt: skip
    assert await ContentCheck.exclude(openid="").count() == 0
    assert (await ContentCheck.all().order_by("id"))[0].state is CheckState.PASSED


async def test_who_took_their_consent_back_is_judged_by_people(desk):
    mini, service = desk.doors.accounts.mini.appid, desk.doors.accounts.service.appid
    await sessions.recognise(Known(mini, mini_openid(WANG), "u-wang"), now=NOW)
    known = await sessions.sign_in(Known(service, WANG, "u-wang"), Door.H5, now=NOW)
    await people.agree(known.member.user_id)
    await Consent.filter(user_id=known.member.user_id).update(revoked_at=NOW)

    await report(desk, "某展会", {"session": known.token})

    [row] = await ContentCheck.all()
    assert (row.state, row.openid) == (CheckState.HUMAN, "")


async def test_no_other_picture_is_shown_to_wechat(desk):
    with pytest.raises(NotFound):
        await fake_reports.photo_for_wechat(new_id(NOW), cabinet=desk.cabinet, now=NOW)


@pytest.mark.parametrize("ticket", ["x" * 43, "short", "..%2f..%2fetc", "x" * 44])
async def test_without_the_ticket_there_is_no_picture(desk, ticket):
    answer = await desk.doors.ask("GET", f"/hooks/pictures/{ticket}")

    assert answer.status == 404


async def test_the_ticket_opens_the_picture_while_its_check_is_open(desk):
    check, _ = await asked(desk)
    file = (await ContentCheck.get(id=check)).file_id
    [call] = [c for c in await desk.doors.ledger("calls") if "media_check" in c["path"]]
    ticket = call["body"]["media_url"].rpartition("/")[2]

    assert await content_checks.opened_by(ticket, now=NOW) == file
    for wrong, when in ((ticket, NOW + timedelta(minutes=41)), ("x" * 43, NOW)):
        with pytest.raises(NotFound):
            await content_checks.opened_by(wrong, now=when)
    await ContentCheck.filter(id=check).update(state=CheckState.PASSED)
    with pytest.raises(NotFound):
        await content_checks.opened_by(ticket, now=NOW)
    assert ticket not in json.dumps(await InboundMessage.all().values(), default=str)
