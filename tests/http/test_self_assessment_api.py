"""The mini-program assesses itself by the same services, and reads exact numbers."""

from uuid import UUID, uuid4

import pytest

from bot.domain.sessions import Door
from tests import packs, people
from tests.packs import INTEGRITY, PUBLIC
from tests.service.test_self_assessments import CLEAN, CLEAN_TOTAL


class Mini:
    """A mini-program that one person has signed in to."""

    def __init__(self, client, firm: UUID, token: str) -> None:
        self.client, self.path = client, f"/api/enterprises/{firm}/self-assessments"
        self.headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str = "", *, status: int = 200, body: object = None):
        headers = self.headers | {"Idempotency-Key": uuid4().hex}
        answer = await self.client.request(method, self.path + path, headers=headers, json=body)
        assert answer.status == status, await answer.text()
        return None if status == 204 else await answer.json()


@pytest.fixture
async def firm(client) -> UUID:
    await packs.in_force(PUBLIC, INTEGRITY)
    return await people.enterprise()


async def somebody(client, firm, *, bound: bool = True) -> Mini:
    opened = await people.opened(door=Door.MINI)
    if bound:
        await people.bind(opened.member.user_id, firm)
    return Mini(client, firm, opened.token)


@pytest.fixture
async def mini(client, firm) -> Mini:
    return await somebody(client, firm)


async def test_from_the_offer_to_the_result(mini):
    offers = (await mini.ask("GET"))["schemes"]
    standing = await mini.ask("GET", f"/{PUBLIC}")
    body = {"seen": standing["seen"], "answers": CLEAN}
    answered = await mini.ask("POST", f"/{PUBLIC}/answers", body=body)
    made = await mini.ask("POST", f"/{PUBLIC}/results")
    told = await mini.ask("GET", f"/{PUBLIC}/results/{made['id']}")
    history = await mini.ask("GET", f"/{PUBLIC}/results")

    assert [(one["scheme"], one["questions"], one["last"]) for one in offers] == [
        (PUBLIC, 18, None),
        (INTEGRITY, 16, None),
    ]
    assert (standing["answered"], standing["next_question"]) == (0, "registration_status")
    assert (answered["seen"], answered["answered"], answered["next_question"]) == (1, 18, None)
    assert (told["total"], told["level"], told["label"]) == (str(CLEAN_TOTAL), "AAA", "自评")
    assert (told["asked"], told["share"], told["last"], told["verified"]) == (18, 100, None, None)
    assert told["range"] == {
        "low": str(CLEAN_TOTAL),
        "high": str(CLEAN_TOTAL),
        "lowest": "AAA",
        "highest": "AAA",
    }
    assert told["groups"][0] == {
        "name": "基本素质", "points": "16", "low": "3", "high": "30", "open": False,
    }  # fmt: skip
    assert "grade" not in told
    assert history["results"] == [
        {"id": made["id"], "as_of": "2026-03-02", "total": str(CLEAN_TOTAL)}
    ]


async def test_questions_come_with_their_choices_and_what_is_known(mini):
    standing = await mini.ask("GET", f"/{PUBLIC}")
    questions = {one["id"]: one for part in standing["sections"] for one in part["questions"]}
    taxpayer, penalties = questions["taxpayer"], questions["penalties"]

    assert [one["value"] for one in taxpayer["options"]] == [
        "小规模纳税人", "一般纳税人", "一般纳税人，三年无欠税",
    ]  # fmt: skip
    assert (taxpayer["kind"], taxpayer["parts"], taxpayer["state"]) == ("choice", {}, "blank")
    assert penalties["options"][1] == {"value": "penalties/重大", "label": "行政处罚：重大"}
    assert (penalties["none"], penalties["endings"]) == ("都没有", False)


async def test_bad_records_and_both_comparisons_are_told(mini):
    body = {"seen": 0, "answers": CLEAN}
    await mini.ask("POST", f"/{PUBLIC}/answers", body=body)
    await mini.ask("POST", f"/{PUBLIC}/results")
    given = {"penalties": {"has": "yes", "1.what": "penalties/一般", "1.on": "2025-03-01"}}
    mini.client.deps.clock.now = mini.client.deps.clock.now.replace(hour=2)
    seen = (await mini.ask("GET", f"/{PUBLIC}"))["seen"]
    await mini.ask("POST", f"/{PUBLIC}/answers", body={"seen": seen, "answers": given})
    made = await mini.ask("POST", f"/{PUBLIC}/results")
    told = await mini.ask("GET", f"/{PUBLIC}/results/{made['id']}")

    assert told["burdens"] == [
        {
            "name": "行政处罚",
            "kind": "一般",
            "on": "2025-03-01",
            "ends_on": "2028-03-01",
            "bars": [],
        }
    ]
    assert (told["last"]["label"], told["last"]["difference"]) == ("自评", "−8")


async def test_faulty_answers_are_kept_and_stop_the_result(mini):
    body = {"seen": 0, "answers": {"founded_on": {"v": "去年"}}}
    standing = await mini.ask("POST", f"/{PUBLIC}/answers", body=body)
    refused = await mini.ask("POST", f"/{PUBLIC}/results", status=400)

    questions = {one["id"]: one for part in standing["sections"] for one in part["questions"]}
    assert questions["founded_on"]["faults"] == {"v": "请填日期，例如 2025-03-12"}
    assert (refused["error"]["code"], refused["error"]["field"]) == ("answers_faulty", "founded_on")


async def test_a_second_device_is_refused_and_may_start_over(mini, client, firm):
    other = await somebody(client, firm)
    given = {"seen": 0, "answers": {"taxpayer": {"v": "一般纳税人"}}}
    await mini.ask("POST", f"/{PUBLIC}/answers", body=given)
    given["answers"] = {"taxpayer": {"v": "unsure"}}
    refused = await other.ask("POST", f"/{PUBLIC}/answers", body=given, status=409)
    await other.ask("DELETE", f"/{PUBLIC}/answers", status=204)

    assert refused["error"]["code"] == "overtaken"
    assert (await mini.ask("GET", f"/{PUBLIC}"))["answered"] == 0


async def test_an_enterprise_that_may_not_be_scored_has_no_range(mini):
    given = {"registration_status": {"v": "注销"}}
    await mini.ask("POST", f"/{PUBLIC}/answers", body={"seen": 0, "answers": given})
    made = await mini.ask("POST", f"/{PUBLIC}/results")
    told = await mini.ask("GET", f"/{PUBLIC}/results/{made['id']}")

    assert (told["total"], told["level"], told["range"], told["groups"]) == (None, None, None, [])
    assert told["sections"][0]["lines"][0] == "这一次不能计分。"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", f"/{PUBLIC}"),
        ("POST", f"/{PUBLIC}/answers"),
        ("DELETE", f"/{PUBLIC}/answers"),
        ("POST", f"/{PUBLIC}/results"),
        ("GET", f"/{PUBLIC}/results"),
        ("GET", f"/{PUBLIC}/results/019cac2a-9dc0-794b-b292-ec8958f90113"),
    ],
)
async def test_a_stranger_learns_nothing(client, firm, method, path):
    stranger = await somebody(client, firm, bound=False)
    body = {"seen": 0, "answers": {"taxpayer": {"v": "unsure"}}} if method == "POST" else None
    refused = await stranger.ask(method, path, body=body, status=404)

    assert refused["error"]["code"] == "not_found"


@pytest.mark.parametrize("body", [{}, {"seen": -1, "answers": {}}, {"seen": 0, "answers": []}])
async def test_what_is_no_answer_is_refused(mini, body):
    await mini.ask("POST", f"/{PUBLIC}/answers", body=body, status=400)


@pytest.mark.parametrize("odd", ["%00", "..%2Fsong", "%F0%9F%8E%B5"])
async def test_odd_addresses_are_not_found(mini, odd):
    for path in (f"/{odd}", f"/{odd}/results", f"/{PUBLIC}/results/{odd}"):
        await mini.ask("GET", path, status=404)
    await mini.ask("DELETE", f"/{odd}/answers", status=404)
    await mini.ask("POST", f"/{odd}/results", status=404)
