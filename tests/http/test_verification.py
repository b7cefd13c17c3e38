"""The public doors around certificates: every outcome, and what each of them tells to whom."""

import asyncio
import io
import re
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from PIL import Image
from tortoise.transactions import in_transaction

from bot.app import build_app
from bot.clients.database import fetch
from bot.config import Config
from bot.deps import Deps, open_issuer
from bot.domain.actors import Staff
from bot.domain.certificate_token import address, decode, encode, message, pack, unpack
from bot.domain.certificates import Action, Reason
from bot.domain.errors import BadInput, NotFound
from bot.domain.files import object_key
from bot.domain.register import hashed
from bot.domain.signing_keys import Keyring, Purpose
from bot.handlers.limits import SAME_TIME_S
from bot.handlers.public import batches
from bot.services import (
    certificate_life,
    certificate_signing,
    certificates,
    fake_reports,
    file_upkeep,
    membership_effects,
    memberships,
    retention,
    signing_keys,
    status_lists,
)
from bot.services.certificate_bases import Basis
from bot.services.fake_reports import Told
from bot.services.verification import COUNTED, UNLOGGED
from bot.web import equipped
from models import Certificate, FakeReport, Job
from tests import papers, people, stranger
from tests.conftest import NOW
from tests.http.conftest import Clock
from tests.onlooking import onlooker

CHECK = "/api/public/certificates:check"
STAFF = Staff("王芳")
TWO = Basis("demonstration", by="王芳", second="李强", reason="演示")


@dataclass
class House:
    """A served application with a register that is refreshed when the test says so."""

    db: str
    deps: Deps
    clock: Clock
    client: TestClient = field(repr=False)
    folder: Path = Path()  # of the files that it keeps

    async def refresh(self) -> None:
        register = self.deps.verifier.register
        await register.catch_up(await onlooker(self.db), now=self.clock())

    async def issue(self, name="晨星科技有限公司", programme="credit-evaluation", level="AAA"):
        enterprise = await people.enterprise(name)
        async with in_transaction():
            issued = await certificates.issue(
                enterprise_id=enterprise, programme=programme, level=level, basis=TWO,
                actor=STAFF, now=self.clock(),
            )  # fmt: skip
        await self.sign()
        return await Certificate.get(id=issued.id)

    async def sign(self) -> None:
        issuer = open_issuer(self.deps.config)
        await certificate_signing.sign_waiting(issuer=issuer, now=self.clock())
        await self.refresh()

    async def change(self, number: str, action: Action, reason: Reason) -> None:
        await certificate_life.change(
            number, action, reason=reason, words="演示", second="李强", actor=STAFF,
            now=self.clock(),
        )  # fmt: skip
        await self.refresh()

    def path(self, row: Certificate, ending: str = "") -> str:
        return f"/v/{row.number}{ending}?t={row.token}"

    def url(self, row: Certificate) -> str:
        return address(self.deps.config.public_url, row.number, row.token)

    async def json(self, path: str) -> dict:
        async with self.client.get(path, headers={"Accept": "application/json"}) as answer:
            return await answer.json()

    async def page(self, path: str, status: int = 200) -> str:
        async with self.client.get(path, headers={"Accept": "text/html"}) as answer:
            assert answer.status == status
            return await answer.text()


@pytest.fixture
async def house(db: str, redis_url: str, clock: Clock, tmp_path: Path) -> AsyncIterator[House]:
    config = Config.read({}).model_copy(update={"state_dir": tmp_path})
    async with (
        equipped(config, redis_url, clock) as deps,
        TestClient(TestServer(build_app(deps))) as client,
    ):
        found = House(db, deps, clock, client, tmp_path)
        await found.refresh()
        yield found


async def test_a_scanned_code_shows_everything_there_is_to_compare(house):
    row = await house.issue()

    told = await house.json(house.path(row))
    page = await house.page(house.path(row))

    assert told == {
        "outcome": "valid",
        "why": "",
        "word": "有效",
        "signature": "good",
        "demonstration": True,
        "checked_at": "2026-03-02T01:30:00+00:00",
        "status_as_of": "2026-03-02T01:30:00+00:00",
        "number": "2026CNEAAA00001",
        "name": "晨星科技有限公司",
        "credit_code": row.credit_code,
        "programme": {
            "id": "credit-evaluation",
            "name": "企业信用评价",
            "issuer": "中国中小企业协会",
            "scheme": "casme-public-credit",
            "document": "000 四至八、001",
        },
        "level": told["level"],
        "valid_from": "2026-03-02",
        "valid_to": "2029-03-01",
        "last_reviewed_on": "2026-03-02",
        "review_due_on": "2027-03-02",
        "state": "active",
        "state_since": "2026-03-02",
        "reason": None,
        "member_until": None,
        "replaces": None,
        "replaced_by": None,
    }
    assert (told["level"]["name"], len(told["level"]["not_said"])) == ("AAA", 3)
    assert told["level"]["meaning"].startswith("信用极好")
    for words in ("有效", "晨星科技有限公司", row.credit_code, "2029 年 3 月 1 日", "逐项对照"):
        assert words in page
    assert len(page.encode()) < 12_000


@pytest.mark.parametrize(
    ("action", "reason", "outcome", "word", "words"),
    [
        (Action.SUSPEND, Reason.UNDER_CHECK, "suspended", "已暂停", "正在核查"),
        (Action.REVOKE, Reason.FALSE_MATERIAL, "revoked", "已撤销", "申报材料不实"),
        (Action.WITHDRAW, Reason.ON_REQUEST, "revoked", "已注销", "注销，原因：企业申请"),
    ],
)
async def test_a_change_shows_with_its_day_and_the_class_of_its_reason(
    house, action, reason, outcome, word, words
):
    row = await house.issue()
    await house.change(row.number, action, reason)

    told = await house.json(house.path(row))
    page = await house.page(house.path(row))

    assert (told["outcome"], told["word"], told["signature"]) == (outcome, word, "good")
    assert (told["state_since"], "演示" in page) == ("2026-03-02", False)  # a class, not our words
    assert words in page
    assert word in page


async def test_a_clock_that_was_set_back_makes_nothing_valid_again(house):
    row = await house.issue()
    end = NOW + timedelta(days=3 * 365 + 1)  # 2029-03-02, the day after the last one
    house.clock.now = end
    await house.refresh()
    expired = await house.json(house.path(row))

    house.clock.now = end - timedelta(hours=12)
    same = await house.json(house.path(row))
    house.clock.now = end - timedelta(days=900)
    other = await house.issue("远山科技有限公司")  # the register is as of this day now
    house.clock.now -= timedelta(days=2)
    unsure = await house.json(house.path(other))

    assert [one["outcome"] for one in (expired, same, unsure)] == [
        "expired", "expired", "unavailable",
    ]  # fmt: skip


async def test_one_that_was_suspended_when_it_ended_is_not_said_to_have_been_without_fault(house):
    row = await house.issue()
    await house.change(row.number, Action.SUSPEND, Reason.LICENCE)
    house.clock.now += timedelta(days=3 * 366)
    await house.refresh()

    page = await house.page(house.path(row))

    assert "到期前已经暂停" in page
    assert "没有暂停、撤销或替换" not in page


async def test_after_its_last_day_it_has_expired_and_not_a_second_earlier(house):
    row = await house.issue(programme="commitment", level=None)
    house.clock.now = NOW.replace(year=2027, month=3, day=1, hour=15, minute=59, second=59)
    await house.refresh()
    before = await house.json(house.path(row))
    house.clock.now += timedelta(seconds=1)  # midnight in Beijing
    after = await house.json(house.path(row))

    assert (before["outcome"], after["outcome"]) == ("valid", "expired")
    assert "2027 年 3 月 1 日为止" in await house.page(house.path(row))


async def test_a_missed_review_shows_before_anybody_wrote_it_down(house):
    row = await house.issue()
    found = []
    for days in (364, 365, 365 + 30, 365 + 90):
        house.clock.now = NOW + timedelta(days=days)
        await house.refresh()
        told = await house.json(house.path(row))
        found.append((told["outcome"], told["word"], told["reason"]))

    assert found == [
        ("valid", "有效", None),
        ("suspended", "年审到期", None),
        ("suspended", "已暂停", "没有按时完成年审"),
        ("revoked", "已注销", "没有按时完成年审"),
    ]


async def test_after_a_change_of_name_the_old_code_leads_to_the_new_one(house):
    old = await house.issue()
    await people.rename(old.enterprise_id, "新名称科技有限公司")
    issued = await certificate_life.rename(old.number, words="换照", actor=STAFF, now=house.clock())
    await house.sign()

    told = await house.json(house.path(old))
    page = await house.page(house.path(old))

    assert (told["outcome"], told["replaced_by"]) == ("replaced", issued.number)
    assert f'href="/v/{issued.number}"' in page
    assert "新证书：新名称科技有限公司 AAA（有效）" in page


async def test_after_two_changes_of_name_the_first_code_leads_to_the_living_one(house):
    numbers = [(old := await house.issue()).number]
    for name in ("第二个名称有限公司", "第三个名称有限公司"):
        await people.rename(old.enterprise_id, name)
        issued = await certificate_life.rename(
            numbers[-1], words="换照", actor=STAFF, now=house.clock()
        )
        numbers.append(issued.number)
        await house.sign()

    told = await house.json(house.path(old))
    page = await house.page(house.path(old))

    assert (told["outcome"], told["replaced_by"]) == ("replaced", numbers[1])
    assert "被新证书替换，原因：企业更名" in page
    assert f'href="/v/{numbers[2]}"' in page
    assert "新证书：第三个名称有限公司 AAA（有效）" in page


async def test_what_we_never_issued_is_never_valid(house):
    row, other = await house.issue(), await house.issue("别家科技有限公司", level="A")
    token = row.token
    flipped = "A" if token[30] != "A" else "B"
    hostile = {
        "nothing": f"/v/{row.number}?t=",
        "twice": f"/v/{row.number}?t={token}&t={token}",
        "another signature": f"/v/{row.number}?t={token[:-86]}{other.token[-86:]}",
        "another number": f"/v/{other.number}?t={token}",
        "look-alike number": f"/v/{row.number.replace('0', 'O', 1)}?t={token}",
        "small letters": f"/v/{row.number.lower()}?t={token}",
        "no such number": f"/v/2026CNEAAA99999?t={token}",
        "a flipped bit": f"/v/{row.number}?t={token[:30]}{flipped}{token[31:]}",
        "padding": f"/v/{row.number}?t={token}%3D",
        "too long": f"/v/{row.number}?t={'A' * 5000}",
    }

    found = {name: (await house.json(path))["outcome"] for name, path in hostile.items()}

    assert found == dict.fromkeys(hostile, "unknown")
    assert "签名不符" in await house.page(hostile["another signature"])


async def test_an_address_that_no_browser_writes_is_read_all_the_same(house):
    row = await house.issue()
    token, told = row.token, {}
    raw = {
        "a letter in percents": f"%{ord(token[0]):02X}{token[1:]}".encode(),
        "a part of the page": f"{token}#top".encode(),
        "something beside it": f"{token}&from=wechat".encode(),
    }

    for name, value in raw.items():
        reader, writer = await asyncio.open_connection("127.0.0.1", house.client.port)
        head = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        writer.write(f"GET /v/{row.number}.json?t=".encode() + value + head)
        answer = await reader.read()
        writer.close()
        told[name] = orjson.loads(answer.partition(b"\r\n\r\n")[2])["outcome"]

    assert set(told.values()) == {"valid"}


async def crafted(house, row: Certificate, **changed: object) -> str:
    """A token that the real issuer's key signs over other facts: what a thief of the key can do."""
    key = changed.pop("with_key", row.key)
    payload, _ = unpack(row.token)
    claim = replace(decode(row.number, payload), **{"key": row.key} | changed)
    issuer = open_issuer(house.deps.config)
    [found] = [one.key for one in await signing_keys.listed() if one.key.number == key]
    sign = issuer.signer.opened(key, found.public)
    made = encode(claim)
    return f"/v/{claim.number}?t={pack(made, sign(message(issuer.base, claim.number, made)))}"


async def test_a_stolen_key_cannot_raise_a_level_nor_make_a_number(house):
    row = await house.issue(level="A")
    before = UNLOGGED._value.get()
    hostile = [
        await crafted(house, row, level="AAA"),
        await crafted(house, row, name="冒名科技有限公司"),
        await crafted(house, row, random=b"12345678"),
        await crafted(house, row, number="2026CNEAAA00077"),
    ]

    found = [(await house.json(path))["outcome"] for path in hostile]

    assert found == ["unknown"] * 4
    assert UNLOGGED._value.get() - before == 4  # each of them is an alarm


async def test_a_key_that_signs_states_signs_no_certificate(house):
    row = await house.issue()
    status = house.deps.verifier.register.signing[0].number

    path = await crafted(house, row, key=status, with_key=status)
    pretending = await crafted(house, row, with_key=status)

    assert (await house.json(path))["outcome"] == "unknown"
    assert (await house.json(pretending))["outcome"] == "unknown"


async def test_a_retired_key_still_verifies_until_its_time_is_over(house):
    row = await house.issue()
    issuer = open_issuer(house.deps.config)
    house.clock.now += timedelta(hours=1)
    await signing_keys.rotate(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="更换", now=house.clock()
    )
    await house.refresh()
    old_code = await house.json(house.path(row))
    await certificate_signing.sign_all_again(issuer=issuer, now=house.clock(), say=lambda _: None)
    await house.refresh()
    older_code = await house.json(house.path(row))
    newer_code = await house.json(house.path(await Certificate.get(id=row.id)))
    slipped = await crafted(house, await house.issue("后来的公司"), key=row.key, with_key=row.key)
    too_late = await house.json(slipped)  # recorded after the old key had stopped signing
    key = house.deps.verifier.register.keys.keys[row.key]
    ended = replace(key, verify_until=house.clock())
    house.deps.verifier.register.keys.keys[row.key] = ended
    expired = await house.json(house.path(row))

    found = [one["outcome"] for one in (old_code, older_code, newer_code, too_late, expired)]
    assert found == ["valid", "valid", "valid", "unknown", "unknown"]


async def test_after_a_theft_what_was_recorded_before_stays_good_and_the_rest_is_red(house):
    before = await house.issue()
    house.clock.now += timedelta(hours=2)
    after = await house.issue("后来的公司")
    await signing_keys.compromise(
        before.key, from_=NOW + timedelta(hours=1), by="甲", second="乙", why="被盗",
        now=house.clock(),
    )  # fmt: skip
    await house.refresh()
    issuer = open_issuer(house.deps.config)
    found = [(await house.json(house.path(row)))["outcome"] for row in (before, after)]

    done = await certificate_signing.sign_all_again(
        issuer=issuer, now=house.clock(), say=lambda _: None
    )
    vouched = await certificate_signing.sign_all_again(
        issuer=issuer, vouchers=("甲", "乙"), now=house.clock(), say=lambda _: None
    )
    await house.refresh()

    after_new = await Certificate.get(id=after.id)
    assert found == ["valid", "unknown"]
    assert ((done.done, done.suspect), (vouched.done, vouched.suspect)) == ((1, 1), (1, 0))
    assert (await house.json(house.path(after)))["outcome"] == "unknown"  # the printed code
    assert (await house.json(house.path(after_new)))["outcome"] == "valid"


async def test_after_a_day_without_the_database_nothing_is_called_valid_any_more(house):
    good, bad = await house.issue(), await house.issue("撤销的公司")
    await house.change(bad.number, Action.REVOKE, Reason.MISUSE)
    house.clock.now = NOW + timedelta(hours=24)
    still = await house.json(house.path(good))
    house.clock.now += timedelta(seconds=1)
    old = await house.json(house.path(good))
    revoked = await house.json(house.path(bad))
    page = await house.page(house.path(good))

    assert (still["outcome"], still["status_as_of"]) == ("valid", "2026-03-02T01:30:00+00:00")
    assert (old["outcome"], old["why"], old["signature"]) == ("unavailable", "status_old", "good")
    assert revoked["outcome"] == "revoked"
    assert "真实，状态未更新" in page
    assert "状态自 2026-03-02 09:30 起未更新" in page


async def test_a_good_signature_on_an_unknown_number_is_our_fault_when_the_register_is_old(house):
    row = await house.issue()
    path = await crafted(house, row, number="2026CNEAAA00077")
    house.clock.now += timedelta(seconds=61)

    told = await house.json(path)
    made_up = unpack(row.token)[0].replace(row.random, b"12345678")
    async with house.client.post(CHECK, json={"codes": [pack(made_up, bytes(64))]}) as answer:
        [alone] = (await answer.json())["results"]

    by_number = await house.json("/v/2026CNEAAA00077")
    of_code = await house.page("/v?q=91110000000000000X", status=503)
    known = await house.page(f"/v?q={row.credit_code}")

    for one in (told, by_number):
        assert (one["outcome"], one["why"]) == ("unavailable", "register_old")
    assert ("暂时无法核验" in of_code, "没有查到" in of_code) == (True, False)
    assert "查到 1 张证书" in known
    assert [alone[name] for name in ("outcome", "why", "signature")] == [
        "unavailable", "register_old", "absent",
    ]  # fmt: skip


async def test_before_the_register_is_there_nobody_is_accused(house):
    row = await house.issue()
    house.deps.verifier.register.as_of = None

    async with house.client.get(house.path(row), headers={"Accept": "text/html"}) as answer:
        page = await answer.text()

    assert answer.status == 503
    assert "暂时无法核验" in page
    assert "不说明证书是真是假" in page
    assert (await house.json("/v/2026CNEAAA00001"))["outcome"] == "unavailable"
    assert "暂时无法核验" in await house.page(f"/v?q={row.credit_code}", status=503)


async def test_what_has_ended_in_a_way_not_yet_known_is_told_as_that(house):
    row = await house.issue()
    house.deps.verifier.register._doubtful = array("Q", [hashed(row.number)])

    told = await house.json(house.path(row))
    page = await house.page(house.path(row), status=503)
    of_code = await house.page(f"/v?q={row.credit_code}")

    assert [told[name] for name in ("outcome", "why", "signature")] == [
        "unavailable", "state_changing", "good",
    ]  # fmt: skip
    assert ("暂时无法核验" in page, "有效" in page.partition("<h1>")[2].partition("</h1>")[0]) == (
        True, False,
    )  # fmt: skip
    for words in (page, of_code):
        assert "这张证书的状态刚刚有变化" in words


async def test_a_number_alone_tells_too_little_to_make_a_list_of(house):
    row = await house.issue("杭州晨星新材料科技有限公司")

    told = await house.json(f"/v/{row.number}.json")
    page = await house.page(f"/v?q= {row.number.lower()} ")

    assert (told["outcome"], told["signature"]) == ("valid", "absent")
    assert (told["name"], told["credit_code"]) == (
        "杭州＊＊＊＊＊＊＊有限公司", "＊" * 14 + row.credit_code[-4:],
    )  # fmt: skip
    assert ("晨星" in page, row.credit_code in page) == (False, False)
    assert "未核对签名" in page


async def test_whoever_knows_the_whole_code_finds_every_certificate_of_the_enterprise(house):
    row = await house.issue()
    async with in_transaction():
        await certificates.issue(
            enterprise_id=row.enterprise_id, programme="commitment", level=None, basis=TWO,
            actor=STAFF, now=house.clock(),
        )  # fmt: skip
    await house.sign()

    page = await house.page(f"/v?q={row.credit_code.lower()}")
    nobody = await house.page("/v?q=91110000000000000X")

    assert "查到 2 张证书" in page
    assert page.count("晨星科技有限公司") == 2
    assert "没有查到这家企业的证书" in nobody


async def test_walking_through_numbers_is_soon_refused_and_scanning_never(house):
    row = await house.issue()
    statuses = []
    for number in range(40):
        async with house.client.get(f"/v/2026CNEAAA{number:05d}") as answer:
            statuses.append(answer.status)
    async with house.client.get(house.path(row)) as answer:
        scanned = answer.status

    assert statuses == [200] * 30 + [429] * 10
    assert scanned == 200


async def test_a_number_that_is_not_there_takes_as_long_as_one_that_is(house):
    row = await house.issue()
    loop = asyncio.get_running_loop()
    took: dict[str, list[float]] = {row.number: [], "2026CNEAAA99999": []}
    for _ in range(7):
        for number, times in took.items():
            began = loop.time()
            await house.json(f"/v/{number}")
            times.append(loop.time() - began)

    whole_ms = 0.001  # the loop's clock knows nothing smaller
    assert all(min(times) >= SAME_TIME_S - whole_ms for times in took.values())
    known, missing = (min(times) for times in took.values())
    assert abs(known - missing) < 0.02


async def test_every_page_is_small_and_needs_no_script(house):
    row = await house.issue()
    stylesheet = (await house.page("/v")).partition('stylesheet" href="')[2].partition('"')[0]
    async with house.client.get(stylesheet) as answer:
        css = len(await answer.read())

    sizes = {path: len((await house.page(path)).encode()) + css for path in (
        house.path(row), f"/v/{row.number}", "/v", "/certificates/report")}  # fmt: skip

    assert {path: size for path, size in sizes.items() if size > 30_000} == {}
    assert "<script" not in await house.page(house.path(row))
    assert "Set-Cookie" not in (await house.client.get(house.path(row))).headers


async def test_large_print_leads_back_to_the_same_certificate(house):
    row = await house.issue()

    async with house.client.post(
        "/care", data={"on": "1", "here": house.path(row)}, allow_redirects=False
    ) as answer:
        place, care = answer.headers["Location"], answer.cookies["care"].value
    page = await house.client.get(house.path(row), cookies={"care": "1"})

    assert (place, care) == (house.path(row), "1")
    assert "data-care" in await page.text()


# --- many at once ---


async def test_many_are_checked_at_once_with_a_receipt_that_anybody_can_check(house):
    good, bad = await house.issue(), await house.issue("撤销的公司")
    await house.change(bad.number, Action.REVOKE, Reason.MISUSE)
    codes = [
        house.url(good), house.url(bad), good.number, "胡说", house.url(good)[:-4] + "AAAA",
        house.url(good).replace("127.0.0.1", "evil.example"), f"{good.number} {good.token}",
        good.token, bad.token, good.token[:-4] + "AAAA", "A" * 250,
    ]  # fmt: skip

    async with house.client.post(CHECK, json={"codes": codes}) as answer:
        told = await answer.json()
    keys = await (await house.client.get("/certificates/keys.json")).json(content_type=None)
    head, body, signature = told["receipt"].split(".")
    kid = orjson.loads(stranger.b64(head))["kid"]
    [key] = [one for one in keys["keys"] if one["kid"] == kid]
    Ed25519PublicKey.from_public_bytes(stranger.b64(key["x"])).verify(
        stranger.b64(signature), f"{head}.{body}".encode()
    )
    said = orjson.loads(stranger.b64(body))

    assert [one["outcome"] for one in told["results"]] == [
        "valid", "revoked", "valid", "unknown", "unknown", "unknown",
        "valid", "valid", "revoked", "unknown", "unknown",
    ]  # fmt: skip
    assert [one["signature"] for one in told["results"]] == [
        "good", "good", "absent", "bad", "bad", "bad", "good", "good", "good", "bad", "bad",
    ]  # fmt: skip
    assert told["results"][5]["why"] == "foreign_address"
    assert told["results"][0]["certificate"]["name"] == "晨星科技有限公司"
    assert key["purpose"] == "status"
    assert [(one["number"], one["outcome"]) for one in said["checked"]][:2] == [
        (good.number, "valid"), (bad.number, "revoked"),
    ]  # fmt: skip
    assert said["checked"][3]["sha256"] == sha256("胡说".encode()).hexdigest()
    assert said["iat"] == int(NOW.timestamp())


async def test_a_receipt_is_no_younger_than_what_it_says(house, monkeypatch):
    row = await house.issue()
    register = house.deps.verifier.register
    before = register.as_of
    judge = register.find

    def find(number):
        register.as_of = before + timedelta(minutes=5)  # the register grows while it is asked
        return judge(number)

    monkeypatch.setattr(register, "find", find)
    async with house.client.post(CHECK, json={"codes": [house.url(row)] * 30}) as answer:
        told = await answer.json()

    said = orjson.loads(stranger.b64(told["receipt"].split(".")[1]))
    assert told["status_as_of"] == said["status_as_of"] == before.isoformat()


async def test_a_check_that_comes_again_with_its_key_gets_the_same_receipt(house):
    row = await house.issue()
    headers = {"Idempotency-Key": "0123456789abcdef"}
    told = []
    for codes in ([house.url(row)] * 500, [house.url(row)] * 500, [house.url(row)]):
        async with house.client.post(CHECK, json={"codes": codes}, headers=headers) as answer:
            told.append((answer.status, await answer.json()))
        house.clock.now += timedelta(seconds=1)

    assert [status for status, _ in told] == [200, 200, 422]
    assert told[0] == told[1]
    assert told[2][1]["error"]["code"] == "idempotency_key_reused"


async def test_five_hundred_fit_and_one_more_is_refused(house):
    row = await house.issue()

    async with house.client.post(CHECK, json={"codes": [house.url(row)] * 500}) as answer:
        told = await answer.json()
    async with house.client.post(CHECK, json={"codes": ["x"] * 501}) as answer:
        refused = answer.status
    async with house.client.post(CHECK, json={"codes": []}) as answer:
        none = answer.status
    async with house.client.post(CHECK, json={"codes": ["x", "x" * 1001]}) as answer:
        long = (answer.status, await answer.json())

    assert {one["outcome"] for one in told["results"]} == {"valid"}
    assert (len(told["results"]), refused, none) == (500, 400, 400)
    assert (long[0], "1000" in str(long[1])) == (400, True)


async def test_batches_have_a_ration_and_no_receipt_means_no_answer(house):
    row = await house.issue()
    statuses = []
    for _ in range(7):
        async with house.client.post(CHECK, json={"codes": [house.url(row)] * 500}) as answer:
            statuses.append(answer.status)
    batches.CHECKS.forget()
    house.deps.verifier.register.signing = None
    async with house.client.post(CHECK, json={"codes": [row.number]}) as answer:
        unsigned = answer.status

    assert (statuses, unsigned) == ([200] * 6 + [429], 503)


async def test_a_batch_of_numbers_walks_no_faster_than_one_by_one(house):
    row = await house.issue()
    numbers = [row.number, *(f"2026CNEAAA{n:05d}" for n in range(2, 31))]
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with house.client.post(CHECK, json={"codes": numbers}) as answer:
        first = (answer.status, len((await answer.json())["results"]))
    took = loop.time() - began
    async with house.client.post(CHECK, json={"codes": [house.url(row), row.number]}) as answer:
        more = (answer.status, "完整网址" in await answer.text())
    async with house.client.post(CHECK, json={"codes": [house.url(row)]}) as answer:
        scanned = answer.status

    assert (first, more, scanned) == ((200, 30), (429, True), 200)
    assert took >= SAME_TIME_S


async def test_what_is_worth_nothing_says_so_wherever_it_is_shown(house):
    row = await house.issue()

    told = await house.json(house.path(row))
    pages = [await house.page(house.path(row)), await house.page(f"/v?q={row.credit_code}")]

    assert (told["outcome"], told["demonstration"]) == ("valid", True)
    assert ["示范文本，不具有任何效力" in page for page in pages] == [True, True]


async def test_what_was_issued_for_show_says_so_under_a_real_key_too(house):
    """The key of the tests is a test key: here it is taken for a real one."""
    row = await house.issue()
    register = house.deps.verifier.register
    register.keys = Keyring(
        {n: replace(key, is_test=False) for n, key in register.keys.keys.items()}
    )

    assert register.find(row.number).demonstration
    assert (await house.json(house.path(row)))["demonstration"]


async def test_after_a_day_without_news_only_a_scanned_code_is_called_genuine(house):
    row = await house.issue()
    house.clock.now += timedelta(hours=25)
    scanned = await house.page(house.path(row))
    typed = await house.page(f"/v/{row.number}")

    assert ("证书是真的" in scanned, "真实，状态未更新" in scanned) == (True, True)
    assert ("证书是真的" in typed, "真实" in typed) == (False, False)
    assert "登记簿里有这张证书，但状态自" in typed


async def test_a_lost_key_is_not_told_as_a_false_signature(house):
    row = await house.issue()
    await signing_keys.compromise(
        row.key, from_=NOW - timedelta(days=1), by="甲", second="乙", why="失窃", now=NOW
    )
    await house.refresh()
    page = await house.page(house.path(row))

    assert (await house.json(house.path(row)))["outcome"] == "unknown"
    assert "签发它的密钥已经失效" in page
    for untrue in ("与协会公布的密钥不符", "登记簿里没有", "不是协会签发"):
        assert untrue not in page


async def test_the_new_certificate_beside_the_old_one_is_not_counted(house):
    old = await house.issue()
    await people.rename(old.enterprise_id, "新名称科技有限公司")
    await certificate_life.rename(old.number, words="换照", actor=STAFF, now=house.clock())
    await house.sign()

    def counted() -> float:
        return sum(COUNTED.values())

    before = counted()
    await house.page(house.path(old))

    assert counted() - before == 1


# --- for strangers ---


async def lists(house) -> tuple[dict, str]:
    """The keys and the list as they are published now."""
    await status_lists.renew(issuer=open_issuer(house.deps.config), now=house.clock())
    await house.refresh()
    published = await house.client.get("/certificates/keys.json")
    listed = await house.client.get("/certificates/status.jwt")
    return await published.json(content_type=None), await listed.text()


async def test_online_and_offline_say_the_same_on_every_day_of_a_review(house):
    row = await house.issue()
    meant = {"valid": 0, "suspended": 1, "revoked": 2}
    said = []
    for days in (364, 365, 365 + 29, 365 + 30, 365 + 90):
        house.clock.now = NOW + timedelta(days=days)
        keys, listed = await lists(house)
        told = await house.json(house.path(row))
        _, bits = stranger.states(listed, keys=keys, now=house.clock())
        said.append((meant[told["outcome"]], stranger.state_at(bits, row.position)))

    assert said == [(0, 0), (1, 1), (1, 1), (1, 1), (2, 2)]


async def test_each_day_has_its_own_list_and_so_has_each_key(house):
    issuer = open_issuer(house.deps.config)
    house.clock.now = NOW.replace(hour=15, minute=59)
    await status_lists.renew(issuer=issuer, now=house.clock())
    again = await status_lists.renew(issuer=issuer, now=house.clock())
    house.clock.now += timedelta(minutes=1)  # midnight in Beijing
    at_midnight = await status_lists.renew(issuer=issuer, now=house.clock())
    house.clock.now += timedelta(minutes=1)
    await signing_keys.rotate(
        Purpose.STATUS, issuer=issuer, by="甲", second="乙", why="更换", now=house.clock()
    )
    under_the_new_key = await status_lists.renew(issuer=issuer, now=house.clock())

    assert (again, at_midnight, under_the_new_key) == (False, True, True)


async def test_a_stranger_believes_no_list_of_a_stolen_or_retired_key(house):
    keys, listed = await lists(house)
    [signer] = [key for key in keys["keys"] if key["purpose"] == "status"]
    told = []
    for change in (
        {},
        {"signs_until": house.clock().isoformat()},
        {"signs_until": (house.clock() - timedelta(seconds=1)).isoformat()},
        {"compromised_from": (house.clock() + timedelta(days=9)).isoformat()},
        {"verify_until": house.clock().isoformat()},
        {"purpose": "certificate"},
    ):
        changed = {"keys": [key | change if key is signer else key for key in keys["keys"]]}
        try:
            stranger.states(listed, keys=changed, now=house.clock())
        except stranger.Refused:
            told.append("refused")
        else:
            told.append("believed")

    assert told == ["believed", "believed", *["refused"] * 4]


async def test_the_script_that_keeps_the_page_names_files_that_are_there(house):
    async with house.client.get("/certificates/offline.js") as answer:
        script, headers = await answer.text(), answer.headers
    named = re.findall(r'"(/[^"]+)"', script)

    assert headers["Content-Type"].startswith("text/javascript")
    assert headers["Cache-Control"] == "no-cache"
    assert len(named) == 4
    for place in named:
        async with house.client.get(place) as answer:
            assert answer.status == 200


async def test_a_stranger_checks_certificates_from_what_we_publish(house):
    rows = [await house.issue(f"第{n}号科技有限公司") for n in range(4)]
    await house.change(rows[1].number, Action.SUSPEND, Reason.UNDER_CHECK)
    await house.change(rows[2].number, Action.REVOKE, Reason.MISUSE)
    await people.rename(rows[3].enterprise_id, "新名称科技有限公司")
    await certificate_life.rename(rows[3].number, words="换照", actor=STAFF, now=house.clock())
    await status_lists.renew(issuer=open_issuer(house.deps.config), now=house.clock())
    await house.refresh()

    published = await house.client.get("/certificates/keys.json")
    listed = await house.client.get("/certificates/status.jwt")
    keys = await published.json(content_type=None)
    made, bits = stranger.states(await listed.text(), keys=keys, now=NOW)
    base = house.deps.config.public_url
    said = [stranger.read(house.url(row), base=base, keys=keys, now=NOW) for row in rows]

    assert [stranger.state_at(bits, one.position) for one in said] == [0, 1, 2, 3]
    assert (made, said[0].name) == (NOW, "第0号科技有限公司")
    assert keys["schemes"]["CNE"] == {"name": "企业信用评价", "issuer": "中国中小企业协会"}
    assert published.headers["Cache-Control"].startswith("public, max-age=300")
    assert listed.headers["Content-Type"] == "application/vc+jwt"
    again = await house.client.get(
        "/certificates/status.jwt", headers={"If-None-Match": listed.headers["ETag"]}
    )
    assert again.status == 304


async def test_the_list_is_made_again_when_a_state_changes_and_when_it_grows_old(house):
    row = await house.issue()
    issuer = open_issuer(house.deps.config)
    made = [await status_lists.renew(issuer=issuer, now=house.clock())]
    house.clock.now += timedelta(minutes=10)
    made.append(await status_lists.renew(issuer=issuer, now=house.clock()))
    await house.change(row.number, Action.SUSPEND, Reason.UNDER_CHECK)
    made.append(await status_lists.renew(issuer=issuer, now=house.clock()))
    house.clock.now += timedelta(minutes=31)
    made.append(await status_lists.renew(issuer=issuer, now=house.clock()))

    assert made == [True, False, True, True]


async def test_before_there_is_anything_to_publish_we_say_so(house):
    async with house.client.get("/certificates/status.jwt") as answer:
        no_list = answer.status
    house.deps.verifier.register.as_of = None
    async with house.client.get("/certificates/keys.json") as answer:
        no_keys = answer.status

    assert (no_list, no_keys) == (503, 503)


# --- reports ---

PNG = papers.picture(kind="PNG")


async def report(house, *, photo=b"", **fields: str) -> aiohttp.ClientResponse:
    form = aiohttp.FormData()
    for name, value in fields.items():
        form.add_field(name, value)
    form.add_field("photo", io.BytesIO(photo), filename="假证.png", content_type="image/png")
    return await house.client.post("/certificates/report", data=form)


async def photo_of(house, row: FakeReport, reason: str = "核实举报") -> bytes:
    return await fake_reports.photo(
        row.ticket, by="王芳", reason=reason, cabinet=house.deps.cabinet, now=NOW
    )


async def test_anybody_reports_a_fake_and_gets_a_number(house):
    answer = await report(
        house, number="2026CNEAAA00077", place="某展会", url="http://x/", photo=PNG
    )
    page = await answer.text()
    [row] = await FakeReport.all()

    assert answer.status == 200
    assert row.ticket in page
    assert row.ticket.startswith("JB20260302-")
    assert (row.number, row.place, row.photo_type) == ("2026CNEAAA00077", "某展会", "image/png")
    assert [one.ticket for one in await fake_reports.waiting()] == [row.ticket]
    assert Image.open(io.BytesIO(await photo_of(house, row))).size == (600, 800)
    [opening] = await fetch("SELECT actor, object_id FROM audit_entry WHERE action = $1",
                            "fake_report.photo_opened")  # fmt: skip
    assert (opening["actor"], opening["object_id"]) == ("王芳", str(row.id))
    with pytest.raises(BadInput, match="请写明原因"):
        await photo_of(house, row, reason=" ")
    with pytest.raises(NotFound):
        await photo_of(house, FakeReport(ticket="JB1"))
    await fake_reports.close(row.ticket, by="王芳", outcome="属实，已报案", now=NOW)
    assert await fake_reports.waiting() == []
    with pytest.raises(NotFound):
        await fake_reports.close(row.ticket, by="王芳", outcome="再来", now=NOW)


@pytest.mark.parametrize(
    ("fields", "photo", "words"),
    [
        ({}, b"", "请至少填写一项"),
        ({"place": "展会"}, b"GIF89a", "JPG 或 PNG"),
        ({"place": "展会"}, PNG[:300], "JPG 或 PNG"),
        ({"place": "展" * 201}, b"", "最多 200 个字"),
    ],
)
async def test_a_refused_report_keeps_what_was_typed(house, fields, photo, words):
    answer = await report(house, photo=photo, **fields)
    page = await answer.text()

    assert (answer.status, words in page) == (422, True)
    assert all(value in page for value in fields.values())
    assert await FakeReport.all().count() == 0


async def test_a_photo_says_nothing_about_who_took_it_and_where(house):
    sent = papers.photo()
    await report(house, place="展会", photo=sent)
    [row] = await FakeReport.all()
    kept = await photo_of(house, row)
    [stored] = [path for path in house.folder.rglob("*") if path.name == object_key(row.id)]

    assert b"SECRET" in sent
    assert b"SECRET" not in kept
    assert not Image.open(io.BytesIO(kept)).getexif()
    assert "confidential" in str(stored)
    assert kept[:64] not in stored.read_bytes()  # sealed


async def test_who_reports_too_often_loses_nothing_and_takes_nothing_from_others(house):
    for _ in range(5):
        await report(house, place="展会")
    refused = await report(house, place="某展会", words="写了很久的话")
    page = await refused.text()
    other = await fake_reports.take(
        Told("", "另一处", "", ""), asker="203.0.113.9", cabinet=None, now=NOW
    )

    assert refused.status == 429
    assert ("某展会" in page, "写了很久的话" in page) == (True, True)
    assert other.startswith("JB")


async def test_an_answered_report_is_kept_a_year_and_goes_with_its_photo(house):
    await report(house, place="展会", photo=PNG)
    await report(house, place="展会")
    row = await FakeReport.get(photo_type="image/png")
    await fake_reports.close(row.ticket, by="王芳", outcome="不属实", now=NOW)
    early = await retention.purge(now=NOW + timedelta(days=364))
    late = await retention.purge(now=NOW + timedelta(days=366))

    [dropped] = await Job.filter(kind=file_upkeep.DROP)

    assert (early["fake_report"], late["fake_report"]) == (0, 1)
    assert dropped.payload == {"objects": [object_key(row.id)], "confidential": True}


async def test_reports_have_a_ration_and_photos_a_size(house):
    large = await report(house, photo=PNG + bytes(9 * 1024 * 1024))
    statuses = [(await report(house, place="展会")).status for _ in range(6)]

    assert (large.status, statuses) == (413, [200] * 5 + [429])


async def test_a_membership_that_ended_is_shown_and_takes_nothing_away(house: House):
    row = await house.issue()
    joined = await people.join(row.enterprise_id)
    await membership_effects.mark(now=house.clock())
    await house.refresh()
    before = await house.json(house.path(row))
    await memberships.end(joined, on=NOW.date(), reason="申请退会", actor=STAFF, now=house.clock())
    await membership_effects.take({}, house.clock())
    await house.refresh()
    after, page = await house.json(house.path(row)), await house.page(house.path(row))

    assert (before["outcome"], before["member_until"]) == ("valid", None)
    assert (after["outcome"], after["member_until"]) == ("valid", "2026-03-01")
    assert "会员资格已终止" in page
    await people.join(row.enterprise_id, since=NOW.date())
    await membership_effects.look(now=house.clock())
    await house.refresh()
    assert (await house.json(house.path(row)))["member_until"] is None
