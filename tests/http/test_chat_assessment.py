"""自评 and 解绑 in the chat: prompt by prompt, back, paused, resumed, scored; and left for good."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from bot.config import SANDBOX_APPID
from bot.domain.knowledge import fill
from bot.domain.sessions import Door
from bot.handlers.wechat.words import WORDS
from bot.scoring.asks import next_ask
from bot.services import bindings, colleagues, self_assessments, sessions
from bot.services.sessions import Known
from models import Assessment, AuditEntry, Consent, Dialogue, Enterprise, SelfAssessment
from tests import packs, people
from tests.conftest import NOW
from tests.doors import LI, WANG, Doors, open_doors

NAME = "太原云岫精密机械有限公司"
SCHEME = "casme-public-credit"


@dataclass
class Chat:
    doors: Doors
    mine: UUID

    async def act(self, act: str, *, openid: str = WANG, **given: object) -> str:
        done = await self.doors.control(f"people/{openid}/{act}", given)
        self.doors.clock.now += timedelta(seconds=1)
        return done["reply"]["body"]["content"] if done["reply"] else ""

    async def say(self, words: str, openid: str = WANG) -> str:
        return await self.act("text", content=words, openid=openid)

    async def bind(self, enterprise: UUID, openid: str = WANG) -> None:
        who = await sessions.sign_in(Known(SANDBOX_APPID, openid), Door.H5, now=NOW)
        await people.agree(who.member.user_id)
        await people.bind(who.member.user_id, enterprise)

    async def member(self):
        return await sessions.in_chat(SANDBOX_APPID, WANG, now=self.doors.clock.now)

    async def walk(self):
        now = self.doors.clock.now
        return await self_assessments.walk(self.mine, SCHEME, actor=await self.member(), now=now)

    async def begin(self, scheme: str = SCHEME) -> str:
        """Up to the first question of a scheme, or to what may be done after its last."""
        asked = await self.say("自评")
        offers = await self_assessments.offers(
            self.mine, actor=await self.member(), now=self.doors.clock.now
        )
        wanted = next(n for n, one in enumerate(offers, 1) if one.scheme == scheme)
        assert asked.startswith(WORDS["assess_scheme"])
        return await self.say(str(wanted))


@pytest.fixture
async def chat(db, redis_url) -> AsyncIterator[Chat]:
    await packs.in_force(packs.PUBLIC, packs.RATING, packs.INTEGRITY)
    async with open_doors(redis_url, now=NOW) as doors:
        chat = Chat(doors, await people.enterprise(NAME))
        await chat.bind(chat.mine)
        await chat.act("follow")
        yield chat


async def answers(chat: Chat) -> dict[str, dict[str, str]]:
    return {name: dict(item.parts) for name, item in (await chat.walk()).items.items() if item.done}


async def test_who_is_not_bound_is_told_how_to_bind(chat):
    await chat.act("follow", openid=LI)

    link = {"link": f"{chat.doors.url}/h5/bind"}
    assert await chat.say("自评", LI) == fill(WORDS["bind_how"], link)
    assert await Dialogue.all().count() == 0


async def test_who_took_back_their_agreement_is_led_to_it_and_answers_nothing(chat):
    first = await chat.begin()
    before = await answers(chat)
    await Consent.filter(purpose="privacy").update(revoked_at=NOW)

    said = [await chat.say(words) for words in ("1", "信用承诺多少钱", "自评")]

    agree = fill(WORDS["agree_first"], {"link": f"{chat.doors.url}/h5/me"})
    assert "第1题，共" in first
    assert (said[0], said[2]) == (agree, agree)
    assert "免费" in said[1]
    assert await answers(chat) == before


async def test_each_question_is_saved_as_it_is_answered(chat):
    first = await chat.begin()
    before = await answers(chat)

    second = await chat.say("1")

    assert first.startswith(WORDS["assess_begin"])
    assert "第1题，共" in first
    assert "第2题，共" in second
    assert len(await answers(chat)) == len(before) + 1


async def test_words_that_are_no_answer_are_asked_again_and_a_question_is_answered(chat):
    first = await chat.begin()
    prompt = first.removeprefix(f"{WORDS['assess_begin']}\n\n").lstrip("\n")

    unread = await chat.say("99")
    question = await chat.say("信用承诺多少钱")
    again = await chat.say("继续")

    assert unread.startswith(WORDS["dialogue_unread"])
    assert unread.endswith(prompt)
    assert "免费" in question
    assert again == prompt


async def test_back_pause_and_resume_after_a_day(chat):
    first = await chat.begin()
    prompt = first.split("\n\n", 1)[1].lstrip("\n")
    await chat.say("1")

    back = await chat.say("上一题")
    paused = await chat.say("暂停")
    nothing = await chat.say("1")
    chat.doors.clock.now += timedelta(days=1, hours=3)
    resumed = await chat.say("继续")

    assert back == prompt
    assert (paused, nothing) == (WORDS["dialogue_paused"], WORDS["dialogue_none"])
    assert resumed == prompt


async def test_what_was_answered_elsewhere_meanwhile_is_not_asked_again(chat):
    await chat.begin()
    walk = await chat.walk()
    names = [i.question.id for i in walk.items.values() if next_ask(i.question, {}) is not None]
    await self_assessments.answer(
        chat.mine, SCHEME, {names[1]: {"unsure": "1"}}, seen=walk.seen,
        actor=await chat.member(), now=chat.doors.clock.now,
    )  # fmt: skip

    after = await chat.say("1")

    place = "第2题" if (await chat.walk()).items[names[1]].done is False else "第3题"
    assert place in after


SCHEMES = (SCHEME, "sme-credit-rating", "shanxi-integrity")


async def answer_all(chat: Chat, said: str) -> str:
    for _ in range(400):
        if "完整结果" in said:
            return said
        said = await chat.say(reply_to(said))
    raise AssertionError(said)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_the_whole_walk_ends_with_the_score_and_the_way_up(chat, scheme):
    said = await answer_all(chat, await chat.begin(scheme))

    row = await SelfAssessment.get()
    assert said.startswith(f"{NAME}自评：")
    assert "自评未经核实，不是评价等级" in said
    assert f"/h5/e/{chat.mine}/self/{scheme}/results/{row.assessment_id}" in said
    assert len(said.encode()) <= 2048
    assert await Dialogue.all().count() == 0


async def test_without_a_scheme_there_is_nothing_to_choose(db, redis_url):
    async with open_doors(redis_url, now=NOW) as doors:
        chat = Chat(doors, await people.enterprise(NAME))
        await chat.bind(chat.mine)
        await chat.act("follow")

        assert await chat.say("自评") == WORDS["assess_none"]
        assert await chat.say("1") == WORDS["dialogue_none"]


async def test_whoever_has_finished_may_change_one_answer(chat):
    first = await answer_all(chat, await chat.begin())
    before = await answers(chat)

    offered = await chat.begin()
    sections = await chat.say("2")
    questions = await chat.say("1")
    asked = await chat.say("2")
    done = await chat.say("2001年1月2日")

    assert offered.splitlines()[-3:] == ["1 全部重新答一遍", "2 只改一题", "3 看上次的结果"]
    assert "2026年3月2日" in offered
    assert sections.splitlines()[:2] == [WORDS["assess_section"], "1 企业情况"]
    assert questions.splitlines()[0] == WORDS["assess_question"]
    assert "第2题，共" in asked
    assert "完整结果" in done
    assert done.splitlines()[0] != first.splitlines()[0]
    after = await answers(chat)
    assert [name for name in before if before[name] != after[name]] == [list(before)[1]]
    assert await SelfAssessment.all().count() == 2


async def test_whoever_has_finished_may_answer_everything_again_or_look(chat):
    first = await answer_all(chat, await chat.begin())

    await chat.begin()
    looked = await chat.say("3")
    await chat.begin()
    again = await chat.say("1")
    done = await answer_all(chat, again)
    score = await chat.say("得分")

    assert score.splitlines()[0] == first.splitlines()[0]
    assert "2026年3月2日" in score
    assert looked == first
    assert again.startswith(WORDS["assess_begin"])
    assert "第1题，共" in again
    assert done.splitlines()[0] == first.splitlines()[0]


async def test_looking_another_day_shows_what_is_kept_and_scores_nothing(chat):
    first = await answer_all(chat, await chat.begin())
    kept = await everything_kept(chat)
    chat.doors.clock.now += timedelta(days=40)

    await chat.begin()
    looked = await chat.say("3")

    assert looked == first
    assert await everything_kept(chat) == kept


async def everything_kept(chat: Chat) -> list[int]:
    rows = [await table.all().count() for table in (SelfAssessment, Assessment, AuditEntry)]
    return [*rows, (await Enterprise.get(id=chat.mine)).facts_version]


def number_of(words: str, asked: str) -> str:
    return next(line[0] for line in asked.splitlines() if words in line)


async def test_back_leads_one_choice_back_and_at_last_out(chat):
    await answer_all(chat, await chat.begin())
    await chat.bind(await people.enterprise("别家有限公司"))
    which = await chat.say("自评")
    schemes = await chat.say(number_of(NAME, which))
    done_before = await chat.say(number_of("公共信用", schemes))
    before = [which, schemes, done_before, await chat.say("2")]
    await chat.say("1")

    back = [await chat.say(words) for words in ("返回", "上一题", "回去", "上一步", "返回")]

    assert back == [*before[::-1], WORDS["dialogue_stopped"]]
    assert await Dialogue.all().count() == 0


async def test_with_one_enterprise_back_from_the_schemes_leads_out(chat):
    await chat.say("自评")

    assert await chat.say("返回") == WORDS["dialogue_stopped"]


async def date_asked(chat: Chat) -> str:
    """Up to the question that wants a date."""
    said = await chat.begin()
    while "哪一天" not in said and "成立" not in said:
        said = await chat.say(reply_to(said))
    return said


async def test_words_that_are_no_date_are_asked_again_and_not_taken_for_a_question(chat):
    asked = await date_asked(chat)

    unread = await chat.say("北京")
    known = await chat.say("信用承诺多少钱")
    after = await chat.say("2016年5月18日")

    assert unread.endswith(asked)
    assert known.endswith(WORDS["dialogue_waiting"])
    assert "免费" in known
    assert "题，共" in after
    assert after != asked


async def test_what_comes_between_says_how_to_go_on(chat):
    first = await chat.begin()
    prompt = first.removeprefix(f"{WORDS['assess_begin']}\n\n").lstrip("\n")

    unbinding = await chat.say("解绑")
    resumed = await chat.say("继续")
    after = await chat.say("1")

    assert unbinding.endswith(WORDS["dialogue_waiting"])
    assert resumed == prompt
    assert "第2题，共" in after
    assert await bound_now(chat) == [NAME]


async def test_after_a_while_words_that_cannot_be_read_are_a_question(chat):
    await chat.begin()
    chat.doors.clock.now += timedelta(hours=2)

    offered = await chat.say("那个匾还有证书和牌子的事情")

    assert offered.startswith(WORDS["nearest"])
    assert offered.endswith(WORDS["dialogue_waiting"])


def reply_to(said: str) -> str:
    """A plain person's answer: no to what may be 没有, the first choice otherwise, a date, a 3."""
    lines = said.splitlines()
    numbered = [line for line in lines if line[:1].isdigit() and " " in line]
    for line in numbered:
        if "没有" in line:
            return line.split(" ")[0]
    if numbered:
        return "1"
    if "哪一天" in said or "日期" in said or "什么时候" in said or "年" in (lines[-1] or ""):
        return "2016年5月18日"
    return "不清楚"


async def test_another_phone_of_the_enterprise_cannot_read_the_dialogue(chat):
    await chat.begin()
    await chat.act("follow", openid=LI)

    assert await chat.say("1", LI) == WORDS["dialogue_none"]
    assert await chat.say("继续", LI) == WORDS["dialogue_none"]


async def test_who_was_unbound_meanwhile_can_answer_nothing_more(chat):
    await chat.begin()
    [bound] = await bindings.bound(await chat.member(), now=NOW)
    await people_unbind(chat, bound.enterprise_id)

    answer = await chat.say("1")

    assert answer.endswith(WORDS["assess_again"])
    assert await Dialogue.all().count() == 0


async def people_unbind(chat: Chat, enterprise: UUID) -> None:
    await colleagues.leave(enterprise, actor=await chat.member(), now=chat.doors.clock.now)


# Unbinding


async def bound_now(chat: Chat) -> list[str]:
    return [one.name for one in await bindings.bound(await chat.member(), now=NOW)]


async def test_unbinding_asks_first_and_then_does_it(chat):
    asked = await chat.say("解绑")
    before = await bound_now(chat)
    done = await chat.say("1")

    assert NAME in asked
    assert asked.splitlines()[-2:] == ["1 确定解绑", "2 不解绑"]
    assert (before, await bound_now(chat)) == ([NAME], [])
    assert done == fill(WORDS["unbind_done"], {"name": NAME})
    assert await chat.say("解绑") == WORDS["unbind_none"]


async def test_who_was_unbound_elsewhere_meanwhile_has_nothing_to_unbind(chat):
    await chat.say("解绑")
    member, now = await chat.member(), chat.doors.clock.now
    await colleagues.leave(chat.mine, actor=member, now=now)

    assert await chat.say("1") == WORDS["unbind_gone"]


@pytest.mark.parametrize("words", ["2", "不解绑", "返回"])
async def test_whoever_thinks_again_stays_bound(chat, words):
    await chat.say("解绑")

    assert await chat.say(words) == WORDS["unbind_kept"]
    assert await bound_now(chat) == [NAME]


async def test_with_several_enterprises_it_asks_which(chat):
    await chat.bind(await people.enterprise("别家有限公司"))
    asked = await chat.say("解绑")
    number = next(line[0] for line in asked.splitlines() if line.endswith(NAME))

    unread = await chat.say("7")
    sure = await chat.say(number)
    await chat.say("确定解绑")

    assert unread == f"{WORDS['dialogue_unread']}\n\n{asked}"
    assert NAME in sure
    assert await bound_now(chat) == ["别家有限公司"]


async def test_the_same_yes_twice_unbinds_one_only(chat):
    await chat.bind(await people.enterprise("别家有限公司"))
    asked = await chat.say("解绑")
    number = next(line[0] for line in asked.splitlines() if line.endswith(NAME))
    await chat.say(number)

    await chat.doors.control("faults", {"delivery": {"duplicate": 3}})
    await chat.say("1")
    again = await chat.say("1")

    assert again == WORDS["dialogue_none"]
    assert await bound_now(chat) == ["别家有限公司"]
