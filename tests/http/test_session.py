"""The mini-program signs in, is known, and signs out, against the simulated WeChat."""

from datetime import timedelta

import pytest

from bot.clients.database import fetch
from bot.domain.sessions import SLIDES, Door
from bot.sandbox.people import mini_openid
from models import Identity, Session
from tests.conftest import NOW
from tests.doors import LI, WANG, Doors, open_doors
from tests.http.frame import caught_logs


@pytest.fixture
async def doors(db, redis_url):
    async with open_doors(redis_url, now=NOW) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def sign_in(doors: Doors, openid: str = WANG) -> str:
    code = await doors.code(openid)
    answer = await doors.ask("POST", "/api/session", json={"code": code})
    assert answer.status == 201
    return (await answer.json())["token"]


async def test_a_code_becomes_a_session_of_the_person_behind_it(doors):
    token = await sign_in(doors)

    answer = await doors.ask("GET", "/api/me", headers=bearer(token))
    [identity] = await Identity.all()
    assert await answer.json() == {
        "id": str(identity.user_id),
        "door": "mini",
        "signed_in_at": "2026-03-02T01:30:00Z",
        "expires_at": "2026-04-01T01:30:00Z",
    }
    assert identity.openid == mini_openid(WANG)


async def test_a_person_who_comes_again_is_the_same_and_another_is_another(doors):
    tokens = [await sign_in(doors), await sign_in(doors), await sign_in(doors, LI)]

    ids = []
    for token in tokens:
        answer = await doors.ask("GET", "/api/me", headers=bearer(token))
        ids.append((await answer.json())["id"])

    assert (ids[0] == ids[1], ids[0] == ids[2]) == (True, False)


async def test_a_code_opens_once(doors):
    code = await doors.code()

    answers = [await doors.ask("POST", "/api/session", json={"code": code}) for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 400]
    assert (await answers[1].json())["error"]["code"] == "code_refused"
    assert await Session.all().count() == 1


async def test_a_login_whose_answer_was_lost_is_answered_again_by_its_key(doors):
    code, other = await doors.code(), await doors.code(LI)
    headers = {"Idempotency-Key": "0123456789abcdef"}

    answers = [
        await doors.ask("POST", "/api/session", json={"code": one}, headers=headers)
        for one in (code, code, other)
    ]
    first, again, strange = [await answer.json() for answer in answers]
    kept = await fetch("SELECT * FROM idempotency_key")

    assert [answer.status for answer in answers] == [201, 201, 422]
    assert first == again
    assert strange["error"]["code"] == "idempotency_key_reused"
    assert await Session.all().count() == 1
    assert (await doors.ask("GET", "/api/me", headers=bearer(first["token"]))).status == 200
    assert first["token"].encode() not in b"".join(bytes(row["body"]) for row in kept)
    assert code not in str([dict(row) for row in kept])


async def test_a_code_that_is_old_made_up_or_of_the_other_door_opens_nothing(doors):
    old, other = await doors.code(), await doors.code(door="h5")
    doors.clock.now += timedelta(minutes=5)

    for code in (old, other, "made-up"):
        answer = await doors.ask("POST", "/api/session", json={"code": code})
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, "code_refused")
    assert await Session.all().count() == 0


@pytest.mark.parametrize(
    ("errcode", "status", "said"),
    [(-1, 503, "unavailable"), (40226, 400, "wechat_risk"), (40125, 503, "unavailable")],
)
async def test_what_wechat_will_not_do_is_told_by_whose_fault_it_is(doors, errcode, status, said):
    fault = {"kind": "errcode", "errcode": errcode, "path": "/sns/jscode2session"}
    await doors.control("faults", {"api": fault})

    answer = await doors.ask("POST", "/api/session", json={"code": await doors.code()})

    assert (answer.status, (await answer.json())["error"]["code"]) == (status, said)


async def test_a_field_too_many_is_refused(doors):
    body = {"code": await doors.code(), "user_id": "1"}

    answer = await doors.ask("POST", "/api/session", json=body)

    assert answer.status == 400


async def test_who_signs_out_is_out_and_other_phones_stay_in(doors):
    here, there = await sign_in(doors), await sign_in(doors)

    ended = await doors.ask("DELETE", "/api/session", headers=bearer(here))

    after = [await doors.ask("GET", "/api/me", headers=bearer(token)) for token in (here, there)]
    assert ended.status == 204
    assert [answer.status for answer in after] == [401, 200]


async def test_signing_out_everywhere_ends_every_phone(doors):
    here, there = await sign_in(doors), await sign_in(doors)

    await doors.ask("DELETE", "/api/sessions", headers=bearer(here))

    after = [await doors.ask("GET", "/api/me", headers=bearer(token)) for token in (here, there)]
    assert [answer.status for answer in after] == [401, 401]


async def test_without_a_living_token_the_answer_is_to_sign_in(doors):
    token = await sign_in(doors)
    doors.clock.now += SLIDES[Door.MINI]

    given = [{}, bearer("made-up"), bearer(""), {"Authorization": f"Basic {token}"}, bearer(token)]
    answers = [await doors.ask("GET", "/api/me", headers=headers) for headers in given]

    assert {answer.status for answer in answers} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert (await answers[0].json())["error"] == {
        "code": "not_signed_in",
        "message": "登录已失效，请重新登录。",
    }


async def test_a_mini_programs_token_in_a_cookie_opens_no_page(doors):
    token = await sign_in(doors)

    answer = await doors.ask("GET", "/api/me", headers={"Cookie": f"session={token}"})

    assert answer.status == 401


async def test_no_answer_log_or_table_holds_a_session_key_code_or_token(doors, emptier):
    with caught_logs("debug") as logs:
        code = await doors.code()
        answer = await doors.ask("POST", "/api/session", json={"code": code})
        again = await doors.ask("POST", "/api/session", json={"code": code})
        said = await answer.text() + await again.text()
        token = (await answer.json())["token"]
        await doors.ask("GET", "/api/me", headers=bearer(token))
    kept = ""
    for table in ("app_user", "identity", "session"):
        kept += str([tuple(row) for row in await emptier.fetch(f"SELECT * FROM {table}")])

    assert logs.named("wechat_refused")[0]["errcode"] == 40163
    for secret in ("session_key", code, token):
        assert secret not in logs.raw.decode()
        assert secret not in kept
    assert "session_key" not in said
    assert mini_openid(WANG) in kept
