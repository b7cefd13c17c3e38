"""Self-assessment as pages without a script: three whole walks, refusals, two devices, Excel."""

import io
import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import aiohttp
import pytest
from aiohttp.test_utils import TestClient
from openpyxl import load_workbook

from bot.services import drafts
from models import Assessment
from tests import packs, people
from tests.http.conftest import Clock
from tests.packs import INTEGRITY, PUBLIC, RATING
from tests.service.test_self_assessments import CLEAN, CLEAN_TOTAL

TAGS = re.compile(r"<[^>]+>")


class Phone:
    """A browser without JavaScript: it knows only what stands on the page that it was given."""

    def __init__(self, client: TestClient, firm: UUID, token: str) -> None:
        self.client, self.home = client, f"/h5/e/{firm}/self"
        self.headers = {"Cookie": f"session={token}", "Accept": "text/html"}
        self.origin = client.deps.config.public_url
        self.path, self.text, self.status = "", "", 0

    async def ask(self, method: str, path: str, **more: object) -> aiohttp.ClientResponse:
        headers = self.headers | ({"Origin": self.origin} if method == "POST" else {})
        answer = await self.client.request(
            method, path, headers=headers, allow_redirects=False, **more
        )
        await answer.read()
        return answer

    async def go(self, path: str) -> str:
        """Open a page, through every redirect."""
        return await self._open(await self.ask("GET", path), path)

    async def _open(self, answer: aiohttp.ClientResponse, path: str) -> str:
        while answer.status in {302, 303}:
            path = answer.headers["Location"]
            answer = await self.ask("GET", path)
        self.path, self.status, self.text = path, answer.status, await answer.text()
        return self.text

    def words(self) -> str:
        return re.sub(r"\s+", " ", unescape(TAGS.sub(" ", self.text)))

    def form(self) -> dict[str, str]:
        """What a browser would send of the fields as they stand."""
        sent: dict[str, str] = {}
        for tag in re.findall(r"<input[^>]*>", self.text):
            given = {k: unescape(v) for k, v in re.findall(r'([a-z-]+)="([^"]*)"', tag)}
            if "name" not in given or given["name"] == "here":
                continue
            if given.get("type") in {"radio", "checkbox"} and " checked" not in tag:
                continue
            sent[given["name"]] = given.get("value", "")
        for name, options in re.findall(
            r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', self.text, re.DOTALL
        ):
            chosen = re.search(r'value="([^"]*)" selected', options)
            sent[unescape(name)] = unescape(chosen[1]) if chosen else ""
        return sent

    async def send(self, do: str = "next", **answers: dict[str, str]) -> str:
        fields = self.form() | {
            f"{question}.{part}": text
            for question, parts in answers.items()
            for part, text in parts.items()
        }
        known = re.findall(r'name="([^"]+)"', self.text)
        assert [name for name in fields if name not in known] == []
        answer = await self.ask("POST", self.path, data=fields | {"do": do})
        return await self._open(answer, self.path)

    def questions(self) -> list[str]:
        return re.findall(r'class="card asked" id="q-([^"]+)"', self.text)


@pytest.fixture
async def published(client):
    await packs.in_force(PUBLIC, RATING, INTEGRITY)


@pytest.fixture
async def firm(published) -> UUID:
    return await people.enterprise(name="晨星科技有限公司")


async def somebody(client: TestClient, firm: UUID, *, bound: bool = True) -> Phone:
    opened = await people.opened()
    if bound:
        await people.bind(opened.member.user_id, firm)
    return Phone(client, firm, opened.token)


@pytest.fixture
async def phone(client, firm) -> Phone:
    return await somebody(client, firm)


async def walk(phone: Phone, scheme: str, answers: dict[str, dict[str, str]]) -> None:
    """From the list to the result, page by page, by what the pages offer."""
    await phone.go(phone.home)
    assert f'href="{phone.home}/{scheme}"' in phone.text
    await phone.go(f"{phone.home}/{scheme}")
    while "/part/" in phone.path:
        await phone.send(**{n: answers[n] for n in phone.questions() if n in answers})
        assert phone.status == 200, phone.words()
    assert phone.path.endswith("/check")
    answer = await phone.ask("POST", f"{phone.home}/{scheme}/finish", data={})
    await phone._open(answer, phone.path)
    assert phone.status == 200


async def test_the_public_scheme_is_walked_on_three_pages(phone):
    await walk(phone, PUBLIC, CLEAN)
    words = phone.words()

    assert f"自评 {CLEAN_TOTAL} 分，落在 AAA 的分数段。" in words
    assert "晨星科技有限公司" in words
    assert "自评不是评价等级" in words
    assert "18 题答了 18 题，有内容的占 100%" in words
    assert "A.1-01 纳税资格情况：6 分" in words
    assert phone.text.count('role="img"') == 3


async def test_the_integrity_scheme_is_walked_with_its_ceilings(phone):
    marks = ["finance", "tax", "financing", "operations", "suppliers", "customer_complaints",
             "consumers", "employees", "executives", "community", "media"]  # fmt: skip
    answers = {name: {"v": "5"} for name in marks} | {
        "founded_on": {"v": "2024-05-01"},
        "serious": {"has": "no"},
        "by_degree": {"has": "no"},
        "within_a_year": {
            "has": "yes",
            "1.what": "consumer_fraud_complaint",
            "1.on": "2025-09-01",
        },
        "rivals": {"has": "unsure"},
    }
    await walk(phone, INTEGRITY, answers)
    words = phone.words()

    assert "自评 100 分，落在 A+ 的分数段。" in words
    assert "近一年内有欺骗消费者行为被投诉：2025-09-01" in words
    assert "2026-09-01 起不再计入" in words
    assert "创立不足三周年" in words
    assert "其中 1 题不清楚" in words


async def test_the_rating_scheme_is_walked_with_three_statements(phone):
    answers = {
        "wages": {"v": "按时足额"},
        "tax_grade": {"v": "A"},
        "violations": {"has": "no"},
        "balance_sheet": {
            "unit": "10000",
            "2025.资产总额": "1,200",
            "2025.负债总额": "500",
            "2025.所有者权益": "700",
        },
        "profit": {"unit": "10000", "2025.净利润": "30", "2024.净利润": "-5"},
    }
    await walk(phone, RATING, answers)
    words = phone.words()

    assert "PQ0401 工资及支付：3 分" in words
    assert "PQ0405 其他遵纪守法行为：2 分" in words
    assert "35 题答了 5 题" in words
    balance = await Assessment.get()
    assert b'"id":"PQ0302.' in bytes(balance.result)


async def test_a_page_leads_on_and_back_and_waits(phone):
    await phone.go(f"{phone.home}/{PUBLIC}")
    first = phone.path
    await phone.send(taxpayer={"v": "一般纳税人"})
    second = phone.path
    await phone.send("back")
    back = phone.path
    await phone.send("later", filings={"v": "unsure"})

    assert [first, second, back] == [
        f"{phone.home}/{PUBLIC}/part/{name}" for name in ("company", "records", "company")
    ]
    assert phone.path == phone.home
    assert "已保存，随时可以接着答。" in phone.words()
    assert "已答 2 题，3 月 2 日 09:30 保存" in phone.words()


async def test_who_comes_back_goes_on_at_the_first_open_page_with_everything_filled_in(
    phone, client, firm
):
    await phone.go(f"{phone.home}/{PUBLIC}")
    await phone.send(**{n: CLEAN[n] for n in phone.questions()})
    later = await somebody(client, firm)
    await later.go(f"{later.home}/{PUBLIC}")
    arrived = later.path
    await later.go(f"{later.home}/{PUBLIC}/part/company")

    assert arrived.endswith("/part/records")
    assert later.form()["taxpayer.v"] == "一般纳税人"
    assert later.form()["certificates.n"] == "2"
    assert "第 1 页，共 3 页，已答 8 / 18 题" in later.words()


async def test_a_refused_page_keeps_everything_and_says_what_to_do_at_the_field(phone):
    await phone.go(f"{phone.home}/{PUBLIC}")
    await phone.send(
        founded_on={"v": "去年"}, taxpayer={"v": "一般纳税人"}, special_permits={"has": "yes"}
    )

    assert phone.status == 422
    assert "还有 2 处需要修改" in phone.words()
    assert 'href="#f-founded_on.v"' in phone.text
    assert 'id="f-founded_on.v-fault"' in phone.text
    assert phone.form()["founded_on.v"] == "去年"
    assert phone.form()["taxpayer.v"] == "一般纳税人"
    await phone.go(f"{phone.home}/{PUBLIC}/check")
    assert "填写有误" in phone.words()
    answer = await phone.ask("POST", f"{phone.home}/{PUBLIC}/finish", data={})
    assert answer.status == 422
    assert "还有 2 题需要修改" in TAGS.sub("", await answer.text())
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    assert phone.form()["founded_on.v"] == "去年"


async def test_one_more_row_is_given_when_it_is_asked_for(phone):
    await phone.go(f"{phone.home}/{PUBLIC}/part/records")
    await phone.send(
        "more.penalties",
        penalties={"has": "yes", "1.what": "coercion", "1.on": "2025-01-05"},
    )
    rows = phone.text.count('name="penalties.')
    await phone.send(penalties={"2.what": "penalties/重大", "2.on": "2025-02-05"})
    await phone.go(f"{phone.home}/{PUBLIC}/check")

    assert phone.status == 200
    assert rows == 3 + 3 * 2
    assert "行政强制（2025-01-05）、行政处罚：重大（2025-02-05）" in phone.words()


async def test_one_question_a_page_asks_the_same_in_the_same_order(phone):
    await phone.go(f"{phone.home}/{PUBLIC}/one/registration_status")
    asked = []
    while "/one/" in phone.path:
        (name,) = phone.questions()
        asked.append(name)
        await phone.send(**{name: CLEAN[name]})
    await phone.go(f"{phone.home}/{PUBLIC}/one/taxpayer")
    await phone.send("back")

    assert asked == list(CLEAN)
    assert phone.path.endswith("/one/founded_on")


@pytest.mark.parametrize("odd", ["五" * 121, "一\t二"])
async def test_what_cannot_be_saved_is_shown_again_with_everything_typed(phone, firm, odd):
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    await phone.send(founded_on={"v": odd}, taxpayer={"v": "一般纳税人"})

    assert phone.status == 422
    assert "没有保存。改好以后再点“下一页”" in phone.words()
    assert phone.form()["founded_on.v"] == odd
    assert phone.form()["taxpayer.v"] == "一般纳税人"
    assert (await drafts.load(f"self:{PUBLIC}", firm)).fields == {}


@pytest.mark.parametrize("part", ["1x.what", "²", "9" * 100])
async def test_a_part_that_no_page_asks_for_does_not_break_the_page(phone, part):
    path = f"{phone.home}/{PUBLIC}/part/records"
    await phone.ask("POST", path, data={"seen": "0", f"penalties.{part}": "x", "do": "next"})

    await phone.go(path)

    assert phone.status == 200
    assert "penalties" in phone.questions()


async def test_a_second_phone_is_shown_what_the_first_has_saved(phone, client, firm):
    other = await somebody(client, firm)
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    await other.go(f"{other.home}/{PUBLIC}/part/company")
    await phone.send(taxpayer={"v": "一般纳税人"})
    await other.send(taxpayer={"v": "小规模纳税人"}, filings={"v": "unsure"})

    assert other.status == 409
    assert "您的同事刚刚改过这里" in other.words()
    assert "企业是哪一种纳税人？ 那边填的是：一般纳税人" in other.words()
    assert other.form()["taxpayer.v"] == "小规模纳税人"
    assert other.form()["filings.v"] == "unsure"
    saved = await drafts.load(f"self:{PUBLIC}", firm)
    assert "小规模" not in str(saved.fields)
    await other.send()
    assert other.path.endswith("/part/records")
    saved = await drafts.load(f"self:{PUBLIC}", firm)
    assert "小规模纳税人" in str(saved.fields["taxpayer"])


async def test_a_page_from_before_the_result_is_not_saved_unseen(phone, client, firm):
    other = await somebody(client, firm)
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    await phone.send(taxpayer={"v": "一般纳税人"}, registration_status={"v": "存续"})
    await other.go(f"{other.home}/{PUBLIC}/part/company")
    await phone.ask("POST", f"{phone.home}/{PUBLIC}/finish", data={})
    await other.send(taxpayer={"v": "小规模纳税人"})

    assert other.status == 409
    assert "这份自评已经看过结果了" in other.words()
    assert other.form()["taxpayer.v"] == "小规模纳税人"
    assert (await drafts.load(f"self:{PUBLIC}", firm)).fields == {}
    await other.send()
    saved = await drafts.load(f"self:{PUBLIC}", firm)
    assert "小规模纳税人" in str(saved.fields["taxpayer"])


async def test_a_script_saves_each_answer_and_learns_the_version(phone):
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    headers = {"Accept": "application/json"}
    phone.headers |= headers
    data = {"seen": "0", "do": "save", "taxpayer.v": "一般纳税人"}
    saved = await phone.ask("POST", phone.path, data=data)
    second = await phone.ask("POST", phone.path, data=data | {"founded_on.v": "去年"})

    assert await saved.json() == {"seen": 1, "answered": 1}
    assert (second.status, await second.json()) == (200, {"seen": 2, "answered": 1})


async def test_a_script_on_another_device_is_told_in_a_sentence(phone, client, firm):
    other = await somebody(client, firm)
    path = f"{phone.home}/{PUBLIC}/part/company"
    for one in (phone, other):
        one.headers["Accept"] = "application/json"
    await phone.ask("POST", path, data={"seen": "0", "do": "save", "taxpayer.v": "一般纳税人"})
    answer = await other.ask("POST", path, data={"seen": "0", "do": "save", "taxpayer.v": "unsure"})

    assert (answer.status, (await answer.json())["error"]["code"]) == (409, "overtaken")


async def test_starting_over_empties_the_page(phone):
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    await phone.send(taxpayer={"v": "一般纳税人"})
    answer = await phone.ask("POST", f"{phone.home}/{PUBLIC}/start-over", data={})
    await phone._open(answer, phone.path)
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")

    assert "taxpayer.v" not in phone.form()


async def test_when_all_is_answered_it_begins_with_the_check(phone):
    await walk(phone, PUBLIC, CLEAN)
    await phone.go(f"{phone.home}/{PUBLIC}")

    assert phone.path.endswith("/check")
    assert "18 题答了 18 题" in phone.words()
    await phone.go(phone.home)
    assert f"上次自评：2026-03-02，{CLEAN_TOTAL} 分" in phone.words()


async def test_an_earlier_result_is_one_tap_away_and_says_what_it_said(phone, clock: Clock):
    await walk(phone, PUBLIC, CLEAN)
    first, said = phone.path, phone.words()
    clock.now += timedelta(days=5)
    answers = CLEAN | {"taxpayer": {"v": "小规模纳税人"}}
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    await phone.send(taxpayer=answers["taxpayer"])
    answer = await phone.ask("POST", f"{phone.home}/{PUBLIC}/finish", data={})
    await phone._open(answer, phone.path)
    second = phone.words()
    assert f'href="{first}"' in phone.text
    await phone.go(first)

    assert f"2026-03-02 的自评 {CLEAN_TOTAL} 分" in second
    assert "这一次 −3 分" in second
    assert said.split("和别的结果")[0].split("怎么算的")[0] in phone.words()


async def test_the_credit_file_names_the_scheme_and_leads_to_the_result(phone, firm):
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    await phone.send(registration_status={"v": "存续"})
    await phone.ask("POST", f"{phone.home}/{PUBLIC}/finish", data={})

    await phone.go(f"/h5/e/{firm}/file?chapter=评分")

    assert "自评：中小企业公共信用评价" in phone.words()
    [place] = re.findall(f'href="({phone.home}/{PUBLIC}/results/[^"]+)"', phone.text)
    await phone.go(place)
    assert phone.status == 200


async def excel(phone: Phone, **cells: object) -> bytes:
    answer = await phone.ask("GET", f"{phone.home}/{RATING}/template.xlsx")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statements.xlsx"'
    book = load_workbook(io.BytesIO(await answer.read()))
    for place, value in cells.items():
        book["利润表"][place] = value
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def upload(phone: Phone, data: bytes) -> None:
    form = aiohttp.FormData()
    form.add_field("seen", phone.form()["seen"])
    form.add_field("statements", data, filename="报表.xlsx")
    path = f"{phone.home}/{RATING}/statements"
    await phone._open(await phone.ask("POST", path, data=form), path)


async def test_a_filled_in_template_fills_in_the_pages(phone):
    await phone.go(f"{phone.home}/{RATING}/statements")
    await upload(phone, await excel(phone, B12=30000, C12=-5))

    assert phone.path.endswith("/part/balance")
    assert "报表已经读入，请核对。" in phone.words()
    await phone.go(f"{phone.home}/{RATING}/part/income")
    assert phone.form()["profit.2025.净利润"] == "30000"
    assert phone.form()["profit.2024.净利润"] == "-5"


async def test_a_wrong_cell_is_named_and_nothing_is_lost(phone):
    await phone.go(f"{phone.home}/{RATING}/part/income")
    await phone.send("later", profit={"unit": "1", "2025.净利润": "7"})
    await phone.go(f"{phone.home}/{RATING}/statements")
    await upload(phone, await excel(phone, B12="三万"))
    refused = phone.words()
    await upload(phone, b"")
    none = phone.words()
    await upload(phone, b"PK-not-a-workbook")
    broken = phone.words()
    await phone.go(f"{phone.home}/{RATING}/part/income")

    assert "利润表 第 12 行 B 列：应当是数字，不要带文字、逗号或空格" in refused
    assert "请先选择填好的 Excel 文件" in none
    assert "打不开这个文件" in broken
    assert phone.form()["profit.2025.净利润"] == "7"


async def test_a_template_does_not_silently_replace_what_a_colleague_typed(phone, client, firm):
    other = await somebody(client, firm)
    await phone.go(f"{phone.home}/{RATING}/statements")
    await other.go(f"{other.home}/{RATING}/part/income")
    await other.send("later", profit={"unit": "1", "2025.净利润": "7"})
    data = await excel(phone, B12=30000)

    await upload(phone, data)
    refused, status = phone.words(), phone.status
    await other.go(f"{other.home}/{RATING}/part/income")
    kept = other.form()["profit.2025.净利润"]
    await upload(phone, data)
    await other.go(f"{other.home}/{RATING}/part/income")

    assert (status, kept) == (422, "7")
    assert "您的同事刚刚改过这里" in refused
    assert "要用文件里的数，请再选一次文件并上传。" in refused
    assert other.form()["profit.2025.净利润"] == "30000"


async def test_a_page_from_before_the_template_was_numbered_is_shown_anew(phone):
    form = aiohttp.FormData()
    form.add_field("statements", await excel(phone, B12=30000), filename="报表.xlsx")
    path = f"{phone.home}/{RATING}/statements"

    await phone._open(await phone.ask("POST", path, data=form), path)

    assert "本页已经更新，请再选一次文件并上传。" in phone.words()


async def test_a_page_from_before_any_answer_is_not_saved_over_a_result(phone, client, firm):
    other = await somebody(client, firm)
    await other.go(f"{other.home}/{PUBLIC}/part/company")
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    await phone.send(taxpayer={"v": "一般纳税人"}, registration_status={"v": "存续"})
    await phone.ask("POST", f"{phone.home}/{PUBLIC}/finish", data={})

    await other.send(taxpayer={"v": "小规模纳税人"})

    assert other.status == 409
    assert "这份自评已经看过结果了" in other.words()
    assert (await drafts.load(f"self:{PUBLIC}", firm)).fields == {}


async def test_a_scheme_without_statements_has_no_template(phone):
    for path in ("statements", "template.xlsx"):
        answer = await phone.ask("GET", f"{phone.home}/{PUBLIC}/{path}")
        assert answer.status == 404


async def test_strangers_and_wrong_addresses_find_nothing(phone, client, firm):
    await walk(phone, PUBLIC, CLEAN)
    result = phone.path
    stranger = await somebody(client, firm, bound=False)
    pages = (
        "", f"/{PUBLIC}", f"/{PUBLIC}/part/company", f"/{PUBLIC}/one/taxpayer",
        f"/{PUBLIC}/check", f"/{RATING}/statements", f"/{RATING}/template.xlsx",
    )  # fmt: skip
    for path in [*(f"{phone.home}{page}" for page in pages), result]:
        assert (await stranger.ask("GET", path)).status == 404
        nobody = await client.get(path, headers={"Accept": "text/html"}, allow_redirects=False)
        # Whoever is not signed in is led to the login where it can lead back, else told so.
        assert nobody.status == (302 if path == phone.home else 401)
    for path in (f"/{PUBLIC}/part/company", f"/{PUBLIC}/finish", f"/{PUBLIC}/start-over"):
        assert (await stranger.ask("POST", f"{phone.home}{path}", data={})).status == 404
    for path in ("/song/check", f"/{PUBLIC}/part/song", f"/{PUBLIC}/one/song"):
        assert (await phone.ask("GET", f"{phone.home}{path}")).status == 404


async def test_no_page_of_a_self_assessment_carries_anything_inline(phone):
    await phone.go(f"{phone.home}/{PUBLIC}/part/records")
    pages = [phone.text]
    await walk(phone, PUBLIC, CLEAN)
    pages.append(phone.text)
    await phone.go(f"{phone.home}/{RATING}/part/income")
    pages.append(phone.text)

    for text in pages:
        assert not re.search(r"<style|style=|<script(?![^>]*src=)| on[a-z]+=", text)
        assert len(text.encode()) < 30_000


async def test_the_day_is_the_one_in_beijing(phone, clock: Clock):
    clock.now = clock.now.replace(day=1, hour=17)  # already the second of March in Beijing
    await phone.go(f"{phone.home}/{PUBLIC}/part/company")
    await phone.send(founded_on={"v": "2026-03-02"})

    assert phone.status == 200
