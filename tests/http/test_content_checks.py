"""What others may see is judged first: by WeChat, by people when it cannot tell, once each."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from tortoise.transactions import in_transaction

from bot.config import Config
from bot.deps import open_cabinet
from bot.domain.actors import Staff
from bot.domain.content_checks import Place
from bot.domain.errors import BadInput, NotFound, Stale
from bot.jobs import work_with
from bot.sandbox.people import mini_openid
from bot.services import content_checks, files, outbox
from bot.services.cabinet import Cabinet
from bot.services.outbox import Task
from models import CheckState, ContentCheck, FileOpening, InboundMessage, Job, JobState
from models.ids import new_id
from tests import papers, people
from tests.conftest import NOW
from tests.doors import LI, WANG, Doors, open_doors

SUBJECT = new_id(NOW)
LONG = "我们做精密零件。" * 400


@dataclass
class Desk:
    doors: Doors
    cabinet: Cabinet
    told: list[tuple[UUID, CheckState]] = field(default_factory=list)

    async def file(self, kind: str = "honour") -> UUID:
        """A paper that an enterprise has handed in."""
        with papers.spooled(papers.picture()) as upload:
            kept = await files.keep(
                upload, kind=kind, enterprise_id=await people.enterprise(), actor=Staff("赵敏"),
                now=NOW, cabinet=self.cabinet,
            )  # fmt: skip
        return kept.id

    async def put(self, words: str = "本公司生产精密零件。", openid: str | None = None) -> UUID:
        async with in_transaction():
            return await content_checks.text(
                words,
                place=Place.INTRODUCTION,
                subject=SUBJECT,
                openid=mini_openid(WANG) if openid is None else openid,
                now=self.doors.clock.now,
            )

    async def put_picture(self, kind: str = "honour") -> UUID:
        file = await self.file(kind)
        async with in_transaction():
            return await content_checks.picture(
                file,
                place=Place.REPORT,
                subject=SUBJECT,
                openid=mini_openid(WANG),
                now=self.doors.clock.now,
            )

    async def work(self) -> None:
        """Every job that waits, once; what they cause as well."""

        async def consumer(subject: UUID, check: UUID, state: CheckState, now: datetime) -> None:
            self.told.append((subject, state))

        tasks = {**work_with(self.doors.accounts, Config()).tasks}

        async def pass_on(payload: outbox.Payload, now: datetime) -> None:
            consumers = {Place.INTRODUCTION: consumer}
            await content_checks.pass_on(payload, now, consumers=consumers)

        tasks[content_checks.SETTLED] = Task(pass_on)
        while jobs := await Job.filter(state=JobState.WAITING).order_by("id"):
            for job in jobs:
                await outbox.perform(job.id, tasks=tasks, now=self.doors.clock.now)
            await self.doors.control("settle")

    async def state(self, check: UUID) -> CheckState:
        return await content_checks.standing(check)

    async def script(self, kind: str, **answer: object) -> None:
        await self.doors.control("verdicts", {"kind": kind, "answers": [answer]})


@pytest.fixture
async def desk(db, redis_url, tmp_path) -> AsyncIterator[Desk]:
    async with (
        open_doors(redis_url, now=NOW, state_dir=tmp_path) as doors,
        open_cabinet(Config(state_dir=tmp_path)) as cabinet,
    ):
        code = await doors.code(WANG)  # who is judged must have been in the mini-program
        await doors.ask("POST", "/api/session", json={"code": code})
        yield Desk(doors, cabinet)


async def test_a_clean_text_passes_and_its_owner_is_told_once(desk):
    check = await desk.put()
    before = await desk.state(check)

    await desk.work()
    await desk.work()

    assert (before, await desk.state(check)) == (CheckState.PENDING, CheckState.PASSED)
    assert desk.told == [(SUBJECT, CheckState.PASSED)]
    [call] = [c for c in await desk.doors.ledger("calls") if c["path"] == "/wxa/msg_sec_check"]
    assert (call["body"]["scene"], call["body"]["version"]) == (1, 2)


async def test_a_risky_text_is_rejected_with_its_reason(desk):
    check = await desk.put("办理违规贷款")

    await desk.work()

    row = await ContentCheck.get(id=check)
    assert (row.state, row.label, row.decided_by) == (CheckState.REJECTED, 20006, "")


async def test_a_long_text_is_judged_whole_and_by_its_worst_part(desk):
    check = await desk.put(LONG + "违规")

    await desk.work()

    assert await desk.state(check) is CheckState.REJECTED
    calls = [c for c in await desk.doors.ledger("calls") if c["path"] == "/wxa/msg_sec_check"]
    assert [len(c["body"]["content"]) for c in calls] == [2500, 752]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"suggest": "review", "label": 10001}, "微信建议人工审核"),
        ({"suggest": "maybe"}, "微信建议人工审核"),
        ({"errcode": 61010}, "微信不能审核（61010）"),
        ({"errcode": 48001}, "微信不能审核（48001）"),
    ],
)
async def test_what_wechat_cannot_tell_waits_for_a_person_unseen(desk, answer, why):
    await desk.script("text", **answer)
    check = await desk.put()

    await desk.work()

    assert [(one.id, one.why, one.words) for one in await content_checks.waiting()] == [
        (check, why, "本公司生产精密零件。")
    ]
    assert desk.told == []


async def test_who_was_never_in_the_mini_program_is_judged_by_people(desk):
    known = await desk.put(openid=mini_openid(LI))
    unknown = await desk.put(openid="")

    await desk.work()

    assert {one.id: one.why for one in await content_checks.waiting()} == {
        known: "微信不能审核（61010）",
        unknown: "小程序里没有这个人，微信不能审核",
    }


async def test_while_wechat_is_down_nothing_is_shown_and_after_35_minutes_people_look(desk):
    check = await desk.put()
    await desk.doors.control("faults", {"api": {"kind": "errcode", "errcode": -1}})
    with pytest.raises(Exception, match="-1"):
        await desk.work()

    states = []
    for minutes in (34, 36):
        await content_checks.sweep(now=NOW + timedelta(minutes=minutes))
        states.append(await desk.state(check))

    assert states == [CheckState.PENDING, CheckState.HUMAN]
    assert desk.told == []


async def test_a_person_decides_once_and_the_owner_is_told(desk):
    check = await desk.put(openid="")
    await desk.work()

    await content_checks.decide(check, passes=False, by="赵敏", reason="广告", now=NOW)
    with pytest.raises(Stale):
        await content_checks.decide(check, passes=True, by="钱进", reason="", now=NOW)
    await desk.work()

    row = await ContentCheck.get(id=check)
    assert (row.state, row.decided_by, row.why) == (CheckState.REJECTED, "赵敏", "广告")
    assert desk.told == [(SUBJECT, CheckState.REJECTED)]


async def test_nobody_decides_what_nobody_wrote(desk):
    with pytest.raises(NotFound):
        await content_checks.decide(new_id(NOW), passes=True, by="赵敏", reason="", now=NOW)
    with pytest.raises(NotFound):
        await content_checks.standing(new_id(NOW))


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
    await desk.work()
    return check, str((await ContentCheck.get(id=check)).trace_id)


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
    ("suggest", "state"), [("pass", CheckState.PASSED), ("risky", CheckState.REJECTED)]
)
async def test_a_picture_is_fetched_by_its_ticket_judged_and_the_opening_noted(
    desk, suggest, state
):
    await desk.script("picture", suggest=suggest)
    check = await desk.put_picture()

    await desk.work()
    await desk.work()

    assert await desk.state(check) is state
    assert await FileOpening.all().values_list("actor_kind", "actor", "why") == [
        ("system", "content_check", "微信内容审核")
    ]


async def test_a_confidential_paper_is_never_shown_to_wechat(desk):
    with pytest.raises(BadInput):
        await desk.put_picture("identity_card")

    assert await ContentCheck.all().count() == 0


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
