"""What the chat looks up: certificates and members for everybody, one's own for who is bound."""

import base64
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import qrcode
from tortoise.transactions import in_transaction

from bot.clients.signer import FileSigner
from bot.clients.wechat import Text
from bot.clients.wechat_errors import Transient
from bot.config import SANDBOX_APPID, Config
from bot.domain.actors import Member, Staff
from bot.domain.cases import State as CaseState
from bot.domain.knowledge import fill
from bot.domain.scenes import Kind, Scene
from bot.domain.sessions import Door
from bot.handlers.wechat import lookups
from bot.handlers.wechat.knowledge.shipped import texts
from bot.handlers.wechat.words import WORDS
from bot.jobs import work_with
from bot.services import (
    answering,
    audit,
    cases,
    certificate_signing,
    certificates,
    content,
    outbox,
    sessions,
    signing_keys,
)
from bot.services.cabinet import Cabinet
from bot.services.certificate_bases import Basis
from bot.services.sessions import Known
from bot.services.signing_keys import Issuer
from models import Certificate, Consent, Contact, CreditCase, Job, JobState, Ration, Telling
from tests import applying, papers, people
from tests.conftest import NOW
from tests.doors import WANG, Doors, open_doors
from tests.service.test_commitments import published

NAME = "太原云岫精密机械有限公司"
MASKED = "太原＊＊＊＊＊＊有限公司"
FORMER = "https://before.example.cn"
TWO = Basis("demonstration", by="王芳", second="李强", reason="演示")


@dataclass
class Chat:
    db: str
    doors: Doors
    issuer: Issuer
    cabinet: Cabinet

    async def act(self, act: str, **given: object) -> str:
        """What the account answers."""
        done = await self.doors.control(f"people/{WANG}/{act}", given)
        self.doors.clock.now += timedelta(seconds=1)  # no two events of one second
        return done["reply"]["body"]["content"] if done["reply"] else ""

    async def say(self, words: str) -> str:
        return await self.act("text", content=words)

    async def later(self) -> list[str]:
        """What jobs bring as customer messages."""
        doors = self.doors
        tasks = work_with(
            doors.accounts, Config(), self.cabinet, verifier=doors.verifier
        ).tasks  # fmt: skip
        while jobs := await Job.filter(state=JobState.WAITING, kind__startswith="chat."):
            for job in jobs:
                await outbox.perform(job.id, tasks=tasks, now=self.doors.clock.now)
        return [row["body"]["text"]["content"] for row in await self.doors.ledger("sends")]

    async def certificate(self, enterprise: UUID, programme: str = "credit-evaluation") -> str:
        async with in_transaction():
            issued = await certificates.issue(
                enterprise_id=enterprise, programme=programme,
                level=None if programme == "commitment" else "AAA", basis=TWO,
                actor=Staff("王芳"), now=NOW,
            )  # fmt: skip
        await certificate_signing.sign_waiting(issuer=self.issuer, now=NOW)
        await self.doors.catch_up(self.db)
        return issued.number

    async def bound(self, enterprise: UUID, openid: str = WANG) -> None:
        who = await sessions.sign_in(Known(SANDBOX_APPID, openid), Door.H5, now=NOW)
        await people.agree(who.member.user_id)
        await people.bind(who.member.user_id, enterprise)

    async def applicant(self) -> tuple[UUID, Member]:
        """An enterprise that may apply for everything, and who asks for it."""
        who = await sessions.sign_in(Known(SANDBOX_APPID, WANG), Door.H5, now=NOW)
        await people.agree(who.member.user_id)
        member = await sessions.in_chat(SANDBOX_APPID, WANG, now=NOW)
        assert member
        return await applying.ready(member, NAME), member

    async def put(self, case: UUID, state: CaseState, **values: object) -> None:
        """The case is in another state, however that came."""
        async with in_transaction():
            await CreditCase.filter(id=case).update(state=state, **values)
            await audit.note("put", kind="credit_case", id=case, actor=people.TEST, now=NOW)

    def url(self, path: str) -> str:
        return self.doors.url + path


@pytest.fixture
async def chat(db, redis_url, tmp_path) -> AsyncIterator[Chat]:
    async with (
        open_doors(redis_url, now=NOW, former_urls=FORMER) as doors,
        papers.cabinet_in(tmp_path / "files") as cabinet,
    ):
        issuer = Issuer(FileSigner(tmp_path / "keys"), doors.url, production=False)
        chat = Chat(db, doors, issuer, cabinet)
        await doors.catch_up(db)
        await chat.act("follow")
        yield chat


SHOWN_OFF = WORDS["part_demonstration"]  # as everything that tests issue


def told(chat: Chat, number: str, state: str = "证书有效", link: str = "") -> str:
    """Whole to who has the token; of a typed number the name is masked."""
    return f"{SHOWN_OFF}\n" + fill(
        WORDS["found_certificate"],
        {
            "state": state, "name": NAME if link else MASKED, "what": "企业信用评价 AAA",
            "number": number, "since": "2026年3月2日", "until": "2029年3月1日",
            "link": link or chat.url(f"/v/{number}"),
        },
    )  # fmt: skip


# Everybody


@pytest.mark.parametrize("spelt", ["{}", "查询{}", "查询：{}", "查 {}", "核验 {}"])
async def test_a_number_brings_the_certificate_with_its_state(chat, spelt):
    number = await chat.certificate(await people.enterprise(NAME))

    assert await chat.say(spelt.format(number)) == told(chat, number)
    assert await chat.say(spelt.format(number.lower())) == told(chat, number)


async def test_a_number_that_was_never_given_out_is_a_warning(chat):
    await chat.certificate(await people.enterprise(NAME))

    assert await chat.say("查询 2026CNEAAA99999") == WORDS["found_no_number"]


async def test_what_became_of_a_certificate_is_told_in_words(chat):
    number = await chat.certificate(await people.enterprise(NAME))
    chat.doors.clock.now = datetime(2029, 3, 1, 16, tzinfo=UTC)  # the second of March in Beijing

    assert await chat.say(number) == told(chat, number, "证书已过期")


async def test_a_name_in_whole_or_part_brings_the_member_and_its_certificates(chat):
    one = await people.enterprise(NAME, "91140100MA0K9T2X38")
    await people.join(one)
    await chat.certificate(one)

    spelt = (NAME, "太原云岫精密机械", "云岫", "云岫精密机械有限公司", "91140100MA0K9T2X38")
    answers = {await chat.say(f"查询 {words}") for words in spelt}

    assert answers == {
        fill(
            WORDS["found_company"],
            {
                "name": NAME, "member": "协会会员",
                "certificates": f"企业信用评价 AAA：有效（{SHOWN_OFF}）",
                "link": chat.url("/v?q=91140100MA0K9T2X38"),
            },
        )
    }  # fmt: skip


async def test_who_is_neither_member_nor_certified_is_found_by_nobody(chat):
    private = await people.enterprise(NAME, "91140100MA0K9T2X38")
    await people.join(private, since=date(2024, 1, 1), until=date(2024, 12, 31))

    answers = [await chat.say(f"查询 {words}") for words in (NAME, "云岫精秘机械")]

    assert answers == [WORDS["found_nothing"]] * 2
    assert await chat.say("91140100MA0K9T2X38") == WORDS["found_no_number"]


async def test_several_names_are_listed_and_a_misspelt_one_is_suggested(chat):
    names = [f"太原云岫{trade}有限公司" for trade in ("食品", "物流", "软件科技", "机械设备")]
    for name in names:
        await people.join(await people.enterprise(name))

    several = await chat.say("查询 云岫")
    near = await chat.say("查询 太原云秀软件科技有限公司")

    listed = [*sorted(names[:2]), names[3], "……还有更多"]
    assert set(several.splitlines()) >= set(listed[:2])
    assert "……还有更多" in several
    assert near == fill(WORDS["found_near"], {"names": names[2]})


@pytest.mark.parametrize("words", ["查询", "查证书", "查询 云", "查 %%", "查询 _ \\"])
async def test_too_little_to_look_for_brings_the_way_to_ask(chat, words):
    assert await chat.say(words) == WORDS["search_how"]


async def test_a_pattern_finds_no_more_than_its_letters(chat):
    await people.join(await people.enterprise(NAME))

    assert await chat.say("查询 太%岫_公司") == WORDS["found_nothing"]


async def test_a_question_that_begins_with_the_word_is_still_a_question(chat):
    answer = await chat.say("查询证书怎么查真假")

    assert answer not in {WORDS["found_nothing"], WORDS["search_how"]}


async def test_who_asks_without_end_is_led_to_the_page(chat, monkeypatch):
    monkeypatch.setattr(lookups, "A_DAY", 2)

    answers = [await chat.say(f"查询 没有的公司{n}") for n in range(3)]

    last = fill(WORDS["search_too_many"], {"link": chat.url("/v")})
    assert answers == [WORDS["found_nothing"]] * 2 + [last]


async def test_what_takes_too_long_is_brought_by_a_job(chat, monkeypatch):
    number = await chat.certificate(await people.enterprise(NAME))
    monkeypatch.setattr(lookups, "IN_TIME_S", 0.0)

    answer = await chat.say(f"查询 {number}")

    assert answer == WORDS["search_later"]
    assert await chat.later() == [told(chat, number)]
    assert await chat.later() == [told(chat, number)]


# Codes


async def test_a_scanned_certificate_is_told_with_its_state_when_the_code_is_just_ours(chat):
    number = await chat.certificate(await people.enterprise(NAME))
    token = (await Certificate.get(number=number)).token
    path = f"/v/{number}?t={token}"

    scanned = await chat.act("scancode", key="scan", result=chat.url(path))
    forged = await chat.act("scancode", key="scan", result=chat.url(f"{path}x"))
    unknown = await chat.act("scancode", key="scan", result=chat.url("/v/2026CNEAAA99999?t=a"))

    assert scanned == told(chat, number, link=chat.url(path))
    assert forged == fill(WORDS["found_forged"], {"number": number})
    assert "有效" not in forged
    assert unknown == fill(WORDS["found_forged"], {"number": "2026CNEAAA99999"})


async def test_nothing_forged_is_called_valid_in_the_chat(chat):
    number = await chat.certificate(await people.enterprise(NAME))
    other = await chat.certificate(await people.enterprise("别家有限公司"), "commitment")
    token, others = [(await Certificate.get(number=one)).token for one in (number, other)]
    flipped = "A" if token[30] != "A" else "B"
    hostile = (
        chat.url(f"/v/{number}"), chat.url(f"/v/{number}?t="), chat.url(f"/v/{other}?t={token}"),
        chat.url(f"/v/{number}?t={token}&t={token}"), chat.url(f"/v/{number}?t={token}%3D"),
        chat.url(f"/v/{number}?t={token[:30]}{flipped}{token[31:]}"),
        chat.url(f"/v/{number}?t={token[:-86]}{others[-86:]}"),
        chat.url(f"/v/{number.replace('0', 'O', 1)}?t={token}"),
        chat.url(f"/v/2026CNEAAA99999?t={token}"),
        f"https://evil.example/v/{number}?t={token}",
    )  # fmt: skip

    answers = [await chat.act("scancode", key="scan", result=url) for url in hostile]

    assert [words for words in answers if "有效" in words or NAME in words] == []


async def test_under_a_stolen_key_no_answer_of_the_chat_says_valid(chat):
    one = await people.enterprise(NAME, "91140100MA0K9T2X38")
    number = await chat.certificate(one)
    await chat.bound(one)
    token = (await Certificate.get(number=number)).token
    path = f"/v/{number}?t={token}"
    await signing_keys.compromise(1, from_=NOW, by="甲", second="乙", why="被盗", now=NOW)
    await chat.doors.catch_up(chat.db)

    typed = await chat.say(number)
    scanned = await chat.act("scancode", key="scan", result=chat.url(path))
    named = [await chat.say(f"查询 {words}") for words in (NAME, "91140100MA0K9T2X38")]
    own = [await chat.say("证书"), await chat.say("提醒")]

    def warned(link: str) -> str:
        return fill(WORDS["found_untrusted"], {"number": number, "link": chat.url(link)})

    assert (typed, scanned) == (warned(f"/v/{number}"), warned(path))
    assert named == [WORDS["found_nothing"], WORDS["found_no_number"]]
    assert "企业信用评价 AAA：签名已经失效" in own[0]
    assert own[1].startswith(NAME)
    assert [words for words in (typed, scanned, *named, *own) if "有效，" in words] == []


@pytest.mark.parametrize(
    "forgery",
    [f"token = '{'A' * 200}'", "name = '别人的公司'", "valid_to = valid_to + 400", "key = key + 1"],
)
async def test_a_row_that_nobody_signed_is_valid_in_no_answer_of_the_chat(chat, emptier, forgery):
    """As on the public page: who rules the database can still not make a certificate."""
    mine = await people.enterprise(NAME, "91140100MA0K9T2X38")
    number = await chat.certificate(mine)
    await chat.bound(mine)
    honest = await chat.say(number)
    seen = "changed = pg_current_xact_id()::text::bigint"
    await emptier.execute(f"UPDATE certificate SET {forgery}, {seen}")  # and no trigger looks
    row = await Certificate.get(number=number)
    await chat.doors.catch_up(chat.db)

    answers = [await chat.say(f"查询 {words}") for words in (number, row.credit_code, NAME)]
    answers += [await chat.say("证书"), await chat.say("提醒")]
    path = f"/v/{number}?t={row.token}"
    answers.append(await chat.act("scancode", key="scan", result=chat.url(path)))
    await chat.act("picture", content=photo(chat.url(path)))
    answers += await chat.later()

    assert honest == told(chat, number)
    assert answers[0] == WORDS["found_no_number"]
    assert "企业信用评价 AAA：查无此证" in answers[3]
    assert [words for words in answers if "有效" in words] == []
    assert len(answers) == 7


async def test_while_the_register_is_away_nothing_is_said_of_a_certificate(chat):
    one = await people.enterprise(NAME, "91140100MA0K9T2X38")
    number = await chat.certificate(one)
    chat.doors.verifier.register.as_of = None

    typed, named = await chat.say(number), await chat.say(f"查询 {NAME}")
    await chat.bound(one)
    held = await chat.say("证书")
    chat.doors.clock.now = datetime(2027, 1, 15, 2, tzinfo=UTC)
    due = await chat.say("提醒")

    link = chat.url(f"/v/{number}")
    assert typed == fill(WORDS["found_unavailable"], {"number": number, "link": link})
    assert WORDS["part_register_away"] in named
    assert "企业信用评价 AAA：暂时无法核验" in held
    assert "2027年3月2日 企业信用评价 AAA年审" in due  # a day is no statement about a certificate


async def test_another_page_of_ours_is_opened_and_a_foreign_code_is_not(chat):
    ours = await chat.act("scancode", key="scan", result=chat.url("/h5/me"))
    theirs = await chat.act("scancode", key="scan", result="https://evil.example/v/1")

    assert ours == fill(WORDS["scanned"], {"link": chat.url("/h5/me")})
    assert theirs == WORDS["scanned_other"]


@pytest.mark.parametrize("follows", [True, False])
async def test_a_parametric_code_leads_straight_to_its_thing(chat, follows):
    number = await chat.certificate(await people.enterprise(NAME, "91140100MA0K9T2X38"))
    token = "t" * 43
    hello = "" if follows else f"{WORDS['welcome_scanned']}\n\n"
    answers = []
    for scene in (Scene(Kind.CERTIFICATE, number), Scene(Kind.INVITATION, token),
                  Scene(Kind.EVENT, "fair-2026")):  # fmt: skip
        if not follows:
            await chat.act("unfollow")
        answers.append(await chat.act("scan", scene=scene.text))

    assert answers == [
        hello + told(chat, number),
        hello + fill(WORDS["scene_invitation"], {"link": chat.url(f"/h5/invitations/{token}")}),
        hello + fill(WORDS["scene_event"], {"event": "fair-2026",
                                            "link": chat.url("/?from=fair-2026")}),
    ]  # fmt: skip


async def test_the_code_of_an_enterprise_shows_it_and_a_strange_scene_greets(chat):
    one = await people.enterprise(NAME, "91140100MA0K9T2X38")
    await people.join(one)

    known = await chat.act("scan", scene="e:91140100MA0K9T2X38")
    strange = [await chat.act("scan", scene=s) for s in ("bind:7f3a", "c:x", "zz", "c:")]

    assert known.startswith(NAME)
    assert strange == [WORDS["greeting"]] * 4


async def test_what_was_printed_under_a_former_address_is_ours(chat):
    chat.issuer = replace(chat.issuer, base=FORMER)
    number = await chat.certificate(await people.enterprise(NAME))
    path = f"/v/{number}?t={(await Certificate.get(number=number)).token}"
    near = f"{FORMER}.evil.example{path}"

    answers = [await chat.act("scancode", key="scan", result=url) for url in (FORMER + path, near)]
    await chat.act("picture", content=photo(FORMER + path))

    ours = told(chat, number, link=chat.url(path))
    assert answers == [ours, WORDS["scanned_other"]]
    assert await chat.later() == [ours]


# Pictures


def photo(words: str, *, size: int = 600) -> str:
    image = qrcode.make(words).get_image().convert("RGB").resize((size, size))
    out = io.BytesIO()
    image.rotate(3, expand=True, fillcolor="white").save(out, "JPEG", quality=60)
    return base64.b64encode(out.getvalue()).decode()


async def test_a_photo_of_a_certificate_brings_its_state_by_a_customer_message(chat):
    number = await chat.certificate(await people.enterprise(NAME))
    path = f"/v/{number}?t={(await Certificate.get(number=number)).token}"

    answer = await chat.act("picture", content=photo(chat.url(path)))

    assert answer == WORDS["picture_looking"]
    assert await chat.later() == [told(chat, number, link=chat.url(path))]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (base64.b64encode(b"\xff\xd8\xff no picture").decode(), "picture_no_code"),
        (photo("https://evil.example/v/1"), "scanned_other"),
        (photo("x" * 5, size=20), "picture_no_code"),
    ],
)
async def test_a_photo_without_a_code_of_ours_says_what_to_do(chat, content, words):
    await chat.act("picture", content=content)

    assert await chat.later() == [WORDS[words]]


async def test_what_staff_have_edited_is_what_jobs_say_too(chat):
    await content.seed(texts(), now=NOW)
    await content.publish("message/picture_no_code", "请再拍一张。", base=1, author="王芳", now=NOW)
    await chat.act("picture", content=photo("x", size=20))

    assert await chat.later() == ["请再拍一张。"]


# Answers that come later


CUSTOM_SEND = "/cgi-bin/message/custom/send"


async def ended(chat: Chat) -> list[tuple[str, str]]:
    return await Telling.all().values_list("message", "state")


@pytest.mark.parametrize(
    "kind", [{"kind": "html", "status": 502}, {"kind": "errcode", "errcode": -1}]
)
async def test_an_answer_whose_receipt_is_lost_is_not_sent_again(chat, kind):
    fault = {**kind, "path": CUSTOM_SEND, "after": True, "count": 1}
    await chat.doors.control("faults", {"api": fault})
    await chat.act("picture", content=photo("x", size=20))

    assert await chat.later() == [WORDS["picture_no_code"]]
    assert await ended(chat) == [(answering.ANSWER, "unknown")]


async def test_an_answer_that_was_surely_not_sent_comes_again(chat):
    fault = {"kind": "errcode", "errcode": 45011, "path": CUSTOM_SEND, "count": 1}
    await chat.doors.control("faults", {"api": fault})
    await chat.act("picture", content=photo("x", size=20))
    with pytest.raises(Transient):
        await chat.later()

    assert await chat.later() == [WORDS["picture_no_code"]]
    assert await ended(chat) == [(answering.ANSWER, "sent")]


async def test_a_worker_that_dies_while_it_asks_leaves_the_answer_for_done(chat):
    await chat.act("picture", content=photo("x", size=20))
    [job] = await Job.filter(kind="chat.picture")
    due = answering.due(job.payload, "chat.picture")
    assert await answering._claim(due, NOW)

    assert await chat.later() == []


async def test_an_answer_that_comes_too_late_or_too_often_is_let_go(chat):
    await chat.act("picture", content=photo("x", size=20))
    chat.doors.clock.now += timedelta(minutes=6)
    late = await chat.later()
    for _ in range(6):
        await chat.act("picture", content=photo("x", size=20))
        await Contact.all().update(wrote_at=NOW)  # all of it after one message
    often = await chat.later()

    assert late == []
    assert len(often) == 5


async def test_a_tap_allows_an_answer_for_a_minute(chat):
    await chat.act("click", key="certificates")
    [job] = await Job.filter(kind="chat.certificate")
    due = answering.due(job.payload, "x")
    soon, later = NOW + timedelta(seconds=30), NOW + timedelta(seconds=90)

    await answering.answer(due, Text("好"), wechat=chat.doors.accounts.service, now=soon)
    other = answering.due(job.payload, "y")
    await answering.answer(other, Text("迟"), wechat=chat.doors.accounts.service, now=later)

    assert [row["body"]["text"]["content"] for row in await chat.doors.ledger("sends")] == ["好"]


async def test_a_search_that_wechat_repeats_is_counted_once(chat):
    await chat.doors.control("faults", {"delivery": {"duplicate": 3}})
    await chat.say("查询 没有的公司")

    assert await Ration.all().values_list("kind", "used") == [("search", 1)]


# One's own


OWN = ("进度", "得分", "证书", "缴费", "提醒")


@pytest.mark.parametrize("words", [*OWN, "绑定"])
async def test_who_is_not_bound_is_told_how_to_bind(chat, words):
    await people.enterprise(NAME)

    assert await chat.say(words) == fill(WORDS["bind_how"], {"link": chat.url("/h5/bind")})


async def test_who_is_bound_gets_their_own_and_one_link_each(chat):
    mine, other = await people.enterprise(NAME), await people.enterprise("别家有限公司")
    await chat.certificate(other)
    await chat.bound(mine)

    answers = {words: await chat.say(words) for words in OWN}

    def filled(words: str, page: str, **more: str) -> str:
        link = chat.url(f"/h5/e/{mine}{page}")
        return fill(WORDS[words], {"name": NAME, "link": link, **more})

    assert answers == {
        "进度": filled("my_progress_none", "/cases"),
        "得分": filled("my_score_none", "/self"),
        "证书": filled("my_certificates_none", "/commitment"),
        "缴费": filled("my_payment_none", "/cases"),
        "提醒": filled("my_reminders_none", ""),
    }


async def test_who_is_bound_and_has_not_agreed_is_led_to_the_text(chat):
    mine = await people.enterprise(NAME)
    await chat.certificate(mine)
    await chat.bound(mine)
    before = await chat.say("证书")
    await Consent.filter(purpose="privacy").update(revoked_at=NOW)

    answers = {await chat.say(words) for words in (*OWN, "绑定")}
    open_to_all = await chat.act("click", key="assess")
    await people.agree((await sessions.in_chat(SANDBOX_APPID, WANG, now=NOW)).user_id)

    assert NAME in before
    assert answers == {fill(WORDS["agree_first"], {"link": chat.url("/h5/me")})}
    assert open_to_all == fill(WORDS["click_assess"], {"link": chat.url("/h5/me")})
    assert await chat.say("证书") == before


async def test_certificates_and_what_is_due_are_listed(chat):
    mine = await people.enterprise(NAME)
    await chat.certificate(mine)
    await chat.certificate(mine, "commitment")
    await people.join(mine, until=date(2026, 4, 1))
    await chat.bound(mine)

    held = await chat.say("证书")
    chat.doors.clock.now = NOW + timedelta(days=1)
    due = await chat.say("提醒")

    assert f"企业信用评价 AAA：有效（{SHOWN_OFF}），至2029年3月1日" in held
    assert f"企业信用承诺：有效（{SHOWN_OFF}），至" in held
    assert "2026年4月1日 会员到期" in due


async def test_a_case_that_waits_for_its_enterprise_is_in_progress_and_reminders(chat):
    mine, member = await chat.applicant()
    begun = await cases.begin(mine, applying.RATING, (), actor=member, now=NOW)
    drafted = await chat.say("进度")
    await chat.put(begun.id, CaseState.RETURNED, due_on=date(2026, 3, 9))

    answers = [await chat.say(words) for words in ("进度", "提醒", "缴费")]

    link = chat.url(f"/h5/e/{mine}/cases")
    assert "中小企业信用评价（规范）：准备材料，由您办理" in drafted
    assert "中小企业信用评价（规范）：待补正，由您办理，2026年3月9日前" in answers[0]
    assert "企业信用承诺：已公示" in answers[0]
    assert answers[0].endswith(link)
    assert "2026年3月9日 补正中小企业信用评价（规范）的材料，剩 7 天" in answers[1]
    assert answers[2] == fill(WORDS["my_payment_none"], {"name": NAME, "link": link})


async def test_what_is_owed_is_said_with_its_amount_and_how_to_pay_now(chat):
    mine, member = await chat.applicant()
    begun = await cases.begin(mine, applying.RATING, (), actor=member, now=NOW)
    await chat.put(begun.id, CaseState.AWAITING_PAYMENT, owed_fen=1_800_050)

    payment, due, progress = [await chat.say(words) for words in ("缴费", "提醒", "进度")]

    assert "中小企业信用评价（规范）：18000.5元" in payment
    assert "“人工”" in payment
    assert "缴费：中小企业信用评价（规范） 18000.5元" in due
    assert "中小企业信用评价（规范）：待缴费" in progress


async def test_a_commitment_that_waits_for_its_fee_is_owed_too(chat):
    mine = await people.enterprise(NAME)
    await chat.bound(mine)
    actor = await sessions.in_chat(SANDBOX_APPID, WANG, now=NOW)
    await published(mine, actor)

    answers = [await chat.say(words) for words in ("进度", "缴费", "提醒")]

    assert "企业信用承诺：待缴费" in answers[0]
    assert "企业信用承诺：2000元" in answers[1]
    assert "缴费：企业信用承诺 2000元" in answers[2]


async def test_with_several_enterprises_the_page_asks_which(chat):
    for name in (NAME, "别家有限公司"):
        await chat.bound(await people.enterprise(name))

    answers = {await chat.say(words) for words in OWN}

    assert answers == {fill(WORDS["which_enterprise"], {"link": chat.url("/h5/me")})}
    assert set((await chat.say("绑定")).splitlines()[1:3]) == {NAME, "别家有限公司"}


async def test_every_button_of_the_menu_has_an_answer_with_one_link(chat):
    await chat.bound(await people.enterprise(NAME))

    answers = {
        key: await chat.act("click", key=key)
        for key in ("commitment", "assess", "progress", "payment", "certificates")
    }

    assert {key: text.count("http") for key, text in answers.items()} == dict.fromkeys(answers, 1)
    assert WORDS["help"] not in answers.values()
    assert await chat.act("click", key="search") == WORDS["search_how"]
