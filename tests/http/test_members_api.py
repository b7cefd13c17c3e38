"""The members' API: the same services as the pages, with their refusals as stable codes."""

from datetime import date
from uuid import uuid4

import aiohttp
import pytest

from bot.domain.bindings import Role
from bot.sandbox.logins import phone_of
from bot.services import bindings
from models import BindingStep
from tests import people
from tests.conftest import NOW
from tests.doors import LI, WANG, Doors, open_doors
from tests.http.phone import Phone, mini
from tests.service.test_binding_commands import VAULT

CODE = "91350100M000100Y43"
CLAIM = {"credit_code": CODE, "name": "晨星科技有限公司", "role": "agent", "person": "李强",
         "phone": "13900139000"}  # fmt: skip


@pytest.fixture
async def phone(client) -> Phone:
    return await mini(client)


@pytest.fixture
async def mine(phone):
    one = await people.enterprise("晨星科技有限公司", CODE)
    await people.bind(phone.member.user_id, one)
    await people.join(one)
    return one


async def test_my_enterprises_are_listed_with_role_and_every_membership(phone, mine):
    await people.join(mine, "理事会员", date(2024, 1, 1), date(2024, 12, 31), association="促进会")
    status, said = await phone.ask("GET", "/api/enterprises")

    [one] = said["enterprises"]
    assert (status, one["id"], one["role"]) == (200, str(mine), "legal")
    found = [(each["association"], each["level"], each["until"]) for each in one["memberships"]]
    assert found == [
        (people.ASSOCIATION, "会员", "2026-12-31"), ("促进会", "理事会员", "2024-12-31"),
    ]  # fmt: skip


async def test_what_is_told_comes_back_with_the_size(phone, mine):
    body = {"industry": "I65", "staff": 100, "revenue_fen": 10**9, "founded_on": "2019-06-01",
            "seen": "-"}  # fmt: skip

    status, said = await phone.ask("POST", f"/api/enterprises/{mine}/details", body)

    assert status == 200
    found = said["registration"]
    assert (found["industry_name"], found["size"]) == ("软件和信息技术服务业", "中型")
    assert await phone.ask("GET", f"/api/enterprises/{mine}") == (200, said)
    _, file = await phone.ask("GET", f"/api/enterprises/{mine}/file")
    assert [line["title"] for line in file["entries"]].count("企业信息更新") == 1


async def test_what_is_given_empty_is_emptied_and_what_is_not_given_stays(phone, mine):
    path = f"/api/enterprises/{mine}/details"
    given = {"staff": 100, "address": "北京", "industry": "I65", "seen": "-"}
    _, first = await phone.ask("POST", path, given)

    _, said = await phone.ask("POST", path, {"staff": None, "address": "", "seen": first["seen"]})

    found = said["registration"]
    assert (found["staff"], found["address"], found["industry"]) == (None, "", "I65")


async def test_the_second_of_two_phones_is_told_and_replaces_nothing(client, phone, mine):
    other = await mini(client)
    await people.bind(other.member.user_id, mine, Role.AGENT)
    path = f"/api/enterprises/{mine}"
    seen = (await other.ask("GET", path))[1]["seen"]
    await phone.ask("POST", f"{path}/details", {"staff": 20, "seen": seen})

    status, said = await other.ask("POST", f"{path}/details", {"staff": 30, "seen": seen})
    _, found = await other.ask("GET", path)
    again = await other.ask("POST", f"{path}/details", {"staff": 30, "seen": found["seen"]})

    assert (status, said["error"]["code"], said["error"]["field"]) == (409, "overtaken", "staff")
    assert found["registration"]["staff"] == 20
    assert (again[0], again[1]["registration"]["staff"]) == (200, 30)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"industry": "X1"}, "industry"), ({"status": "好"}, "status"),
     ({"founded_on": "2030-01-01"}, "founded_on"), ({"staff": -1}, "staff"), ({}, "seen")],
)  # fmt: skip
async def test_a_slip_is_told_at_its_field(phone, mine, body, field):
    seen = {"seen": "-"} if body else {}
    status, said = await phone.ask("POST", f"/api/enterprises/{mine}/details", body | seen)

    assert (status, said["error"]["field"]) == (400, field)


async def test_the_file_is_read_chapter_by_chapter(phone, mine):
    path = f"/api/enterprises/{mine}/file"

    _, part = await phone.ask("GET", f"{path}?chapter=会员资格")
    _, old = await phone.ask("GET", f"{path}?before=2020-01-01T00:00:00%2B08:00")
    status, said = await phone.ask("GET", f"{path}?before=2020-01-01T00:00:00")

    assert [line["title"] for line in part["entries"]] == ["会员资格：会员"]
    assert old == {"entries": [], "more": None}
    assert (status, said["error"]["field"]) == (400, "before")


async def test_a_claim_is_made_listed_and_withdrawn(phone):
    typed = CLAIM | {"credit_code": "9135O100M000100Y43"}

    status, said = await phone.ask("POST", "/api/claims", typed)
    [claim] = said["claims"]

    assert (status, claim["state"], claim["credit_code"]) == (200, "requested", CODE)
    assert said["mended"] == ["第 5 位的字母 O 已改为 0，请核对。"]
    assert (await phone.ask("GET", "/api/claims"))[1]["claims"] == [claim]
    assert await phone.ask("DELETE", f"/api/claims/{claim['id']}") == (204, None)
    assert await phone.ask("DELETE", f"/api/claims/{claim['id']}") == (204, None)
    assert (await phone.ask("GET", "/api/claims"))[1]["claims"] == []


async def test_a_colleague_is_invited_joins_and_is_removed(client, phone, mine):
    guest = await mini(client)
    base = f"/api/enterprises/{mine}"
    _, made = await phone.ask("POST", f"{base}/invitations", {"role": "agent"})
    token = made["link"].rpartition("/")[2]

    _, offer = await guest.ask("GET", f"/api/invitations/{token}")
    joined = await guest.ask("POST", f"/api/invitations/{token}", {"person": "赵敏"})
    again = await guest.ask("POST", f"/api/invitations/{token}", {"person": "赵敏"})

    assert (offer["name"], offer["role"]) == ("晨星科技有限公司", "agent")
    assert joined == (200, {"enterprise_id": str(mine)})
    assert again == joined
    other = await (await mini(client)).ask("POST", f"/api/invitations/{token}", {"person": "赵敏"})
    assert (other[0], other[1]["error"]["code"]) == (409, "invitation_over")
    _, team = await phone.ask("GET", f"{base}/colleagues")
    [theirs] = [one["id"] for one in team["colleagues"] if one["removable"]]
    removed = await phone.ask("POST", f"{base}/colleagues/{theirs}/remove", {"reason": "离职"})
    assert removed == (204, None)
    assert (await guest.ask("GET", base))[0] == 404
    again = await phone.ask("POST", f"{base}/colleagues/{theirs}/remove", {"reason": "离职"})
    assert again == (204, None)
    assert (await phone.ask("POST", f"{base}/colleagues/{theirs}/suspend"))[0] == 409
    assert await BindingStep.filter(binding_id=theirs, action="remove").count() == 1


async def test_the_holder_confirms_and_suspends(client, phone, mine):
    guest = await mini(client)
    _, said = await guest.ask("POST", "/api/claims", CLAIM)
    theirs = said["claims"][0]["id"]
    base = f"/api/enterprises/{mine}/colleagues/{theirs}"

    assert said["claims"][0]["state"] == "disputed"
    for _ in range(2):
        assert await phone.ask("POST", f"{base}/confirm") == (204, None)
    assert (await guest.ask("GET", f"/api/enterprises/{mine}"))[0] == 200
    for _ in range(2):
        assert await phone.ask("POST", f"{base}/suspend") == (204, None)
    assert await BindingStep.filter(binding_id=theirs).order_by("id").values_list(
        "action", flat=True
    ) == ["claim", "confirm", "suspend"]
    assert (await guest.ask("GET", f"/api/enterprises/{mine}"))[0] == 401


async def test_an_invitation_is_taken_back(phone, mine):
    base = f"/api/enterprises/{mine}/invitations"
    _, made = await phone.ask("POST", base, {"role": "agent"})

    for _ in range(2):
        assert await phone.ask("DELETE", f"{base}/{made['id']}") == (204, None)
    assert (await phone.ask("DELETE", f"{base}/{uuid4()}"))[0] == 404


async def test_renewing_too_early_and_leaving(phone, mine):
    base = f"/api/enterprises/{mine}"

    status, said = await phone.ask("POST", f"{base}/renew")
    assert (status, said["error"]["code"]) == (409, "binding_not_renewable")
    for _ in range(2):
        assert await phone.ask("POST", f"{base}/leave") == (204, None)
    assert (await phone.ask("GET", base))[0] == 404


async def test_a_lost_phone_is_signed_out(phone, mine):
    assert await phone.ask("POST", "/api/lost-phone") == (204, None)
    assert (await phone.ask("GET", "/api/enterprises"))[0] == 401
    assert await bindings.bound(phone.member, now=NOW) == ()


@pytest.mark.parametrize("rest", ["", "/file", "/colleagues"])
async def test_a_stranger_finds_nothing(client, mine, rest):
    stranger = await mini(client)

    status, said = await stranger.ask("GET", f"/api/enterprises/{mine}{rest}")

    assert (status, said["error"]["code"]) == (404, "not_found")


async def test_everybody_may_read_the_industries(client):
    answer = await client.get("/api/industries")

    assert {"code": "K701", "name": "房地产开发经营"} in (await answer.json())["industries"]


async def test_the_phone_that_wechat_vouches_for_binds_at_once(db, redis_url):
    one = await people.enterprise("晨星科技有限公司")
    await people.on_roster(one, phone_of(WANG), Role.LEGAL, vault=VAULT)
    async with open_doors(redis_url, now=NOW) as doors:
        said = [await claim_by_phone(doors, openid) for openid in (WANG, LI)]

    [(_, _, bound), (_, _, refused)] = said
    assert [one[:2] for one in said] == [(409, 200), (409, 409)]
    assert [(c["state"], c["role"]) for c in bound["claims"]] == [("active", "legal")]
    assert refused["error"]["code"] == "phone_not_on_roster"


async def claim_by_phone(doors: Doors, openid: str) -> tuple[int, int, dict]:
    """Sign in, claim without and with consent; both statuses and the last answer."""
    login = await doors.ask("POST", "/api/session", json={"code": await doors.code(openid)})
    token = (await login.json())["token"]

    async def post(path: str, body: dict) -> aiohttp.ClientResponse:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid4().hex}
        return await doors.ask("POST", path, json=body, headers=headers)

    code = {"code": await doors.code(openid, door="phone")}
    await post("/api/consents", {"purpose": "privacy", "version": 1})
    unasked = await post("/api/claims/phone", code)
    await post("/api/consents", {"purpose": "phone", "version": 1})
    answer = await post("/api/claims/phone", code)
    return unasked.status, answer.status, await answer.json()
