"""The phone number by WeChat's button: with consent, once, and for the person themselves."""

import pytest

from bot.sandbox.logins import phone_of
from tests.conftest import NOW
from tests.doors import LI, WANG, Doors, open_doors
from tests.http.frame import caught_logs


@pytest.fixture
async def doors(db, redis_url):
    async with open_doors(redis_url, now=NOW) as opened:
        yield opened


async def member(doors: Doors, *, agreeing: bool = True) -> dict[str, str]:
    answer = await doors.ask("POST", "/api/session", json={"code": await doors.code(WANG)})
    me = {"Authorization": f"Bearer {(await answer.json())['token']}"}
    for purpose in ("privacy", "phone") if agreeing else ("privacy",):
        body = {"purpose": purpose, "version": 1}
        assert (await doors.ask("POST", "/api/consents", json=body, headers=me)).status == 200
    return me


async def ask(doors: Doors, me: dict[str, str], code: str) -> tuple[int, object]:
    answer = await doors.ask("POST", "/api/phone", json={"code": code}, headers=me)
    said = await answer.json()
    return answer.status, said.get("number") or said["error"]["code"]


async def test_who_agreed_gets_their_own_number_and_no_log_has_it(doors):
    me = await member(doors)

    with caught_logs("debug") as logs:
        told = await ask(doors, me, await doors.code(WANG, door="phone"))

    assert told == (200, phone_of(WANG))
    assert phone_of(WANG) not in logs.raw.decode()


async def test_without_consent_wechat_is_not_even_asked(doors):
    me = await member(doors, agreeing=False)

    told = await ask(doors, me, await doors.code(WANG, door="phone"))

    assert told == (409, "no_consent")
    assert "/wxa/business/getuserphonenumber" not in [
        c["path"] for c in await doors.ledger("calls")
    ]


async def test_a_code_works_once_and_a_login_code_never(doors):
    me, code = await member(doors), await doors.code(WANG, door="phone")
    await ask(doors, me, code)

    assert await ask(doors, me, code) == (400, "code_refused")
    assert await ask(doors, me, await doors.code(WANG)) == (400, "code_refused")


async def test_the_number_of_somebody_else_is_not_told(doors):
    me = await member(doors)

    assert await ask(doors, me, await doors.code(LI, door="phone")) == (400, "code_refused")
