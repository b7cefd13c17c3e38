"""Consent per purpose and version: given, listed, revoked, and never lost."""

from datetime import timedelta

import pytest

from bot.domain.consents import TEXTS, Purpose
from models import Consent
from tests.conftest import NOW
from tests.doors import LI, WANG, Doors, open_doors

# Changed words without a new version would put words into people's mouths.
SHOWN = {
    ("privacy", 1): "98384a8038c09fbb",
    ("phone", 1): "221b2b52d9e2e9bb",
    ("identity", 1): "d0bec2ff2055a81e",
    ("publication", 1): "df488f62f6d2f0a7",
}


@pytest.fixture
async def doors(db, redis_url):
    async with open_doors(redis_url, now=NOW) as opened:
        yield opened


async def signed_in(doors: Doors, openid: str = WANG) -> dict[str, str]:
    answer = await doors.ask("POST", "/api/session", json={"code": await doors.code(openid)})
    return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def given(answer) -> dict[str, str | None]:
    return {one["purpose"]: one["given_at"] for one in (await answer.json())["consents"]}


def test_every_text_is_the_one_that_its_version_was_shown_with():
    assert {
        (purpose.value, text.version): text.hash[:16] for purpose, text in TEXTS.items()
    } == SHOWN


async def test_each_purpose_is_agreed_to_by_itself_and_once(doors):
    me = await signed_in(doors)
    before = await given(await doors.ask("GET", "/api/consents", headers=me))

    for _ in range(2):
        body = {"purpose": "privacy", "version": 1}
        after = await doors.ask("POST", "/api/consents", json=body, headers=me)
        doors.clock.now += timedelta(minutes=1)

    assert before == dict.fromkeys(Purpose)
    assert await given(after) == before | {"privacy": "2026-03-02T01:30:00Z"}
    rows = await Consent.all().values_list("purpose", "version", "text_hash", "revoked_at")
    assert rows == [("privacy", 1, TEXTS[Purpose.PRIVACY].hash, None)]


async def test_what_was_revoked_stays_on_record_and_can_be_given_again(doors):
    me = await signed_in(doors)
    body = {"purpose": "phone", "version": 1}
    await doors.ask("POST", "/api/consents", json=body, headers=me)
    doors.clock.now += timedelta(minutes=1)

    revoked = await doors.ask("DELETE", "/api/consents/phone", headers=me)
    again = await doors.ask("POST", "/api/consents", json=body, headers=me)

    assert await given(revoked) == dict.fromkeys(Purpose)
    assert await given(again) == dict.fromkeys(Purpose) | {"phone": "2026-03-02T01:31:00Z"}
    later = NOW + timedelta(minutes=1)
    rows = await Consent.all().order_by("given_at").values_list("given_at", "revoked_at")
    assert rows == [(NOW, later), (later, None)]


async def test_another_version_than_todays_is_not_agreed_to(doors):
    me = await signed_in(doors)

    body = {"purpose": "phone", "version": 2}
    answer = await doors.ask("POST", "/api/consents", json=body, headers=me)

    assert (answer.status, (await answer.json())["error"]["code"]) == (409, "stale")
    assert await Consent.all().count() == 0


async def test_nobody_agrees_or_revokes_for_somebody_else(doors):
    me, other = await signed_in(doors), await signed_in(doors, LI)
    body = {"purpose": "phone", "version": 1}
    await doors.ask("POST", "/api/consents", json=body, headers=me)

    theirs = await doors.ask("DELETE", "/api/consents/phone", headers=other)

    mine = await given(await doors.ask("GET", "/api/consents", headers=me))
    assert (await given(theirs))["phone"] is None
    assert mine["phone"] == "2026-03-02T01:30:00Z"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), ("DELETE", "/phone")])
async def test_a_stranger_has_no_consents(doors, method, path):
    answer = await doors.ask(method, f"/api/consents{path}", json={})

    assert answer.status == 401


async def test_a_purpose_that_does_not_exist_is_not_found(doors):
    answer = await doors.ask("DELETE", "/api/consents/all", headers=await signed_in(doors))

    assert answer.status == 404
