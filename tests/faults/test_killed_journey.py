"""The process is killed all along a member's whole way: no field is lost.

Each request is sent again and again, under one key as an app does it or as the same form as a
browser does it, to a fresh process that dies after one of the first things it did, then a few
later, and again … until one lives long enough to answer; that one dies with its answer. What was
answered once is looked for in the database after every kill; after every step nothing else may be
there.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bot.config import Config
from bot.deps import open_vault
from bot.domain.sessions import Door
from bot.sandbox.logins import unionid
from bot.scoring.library import questionnaire, shipped_pack
from bot.services import sessions
from models import CreditCase
from tests import applying, papers, people
from tests.amounts import amount
from tests.conftest import NOW
from tests.doors import LI, WANG
from tests.faults.deadly_road import Phone, hidden, open_road
from tests.faults.everything import Look, everything
from tests.faults.first_steps import (
    Walk,
    bind,
    consent,
    describe,
    digest,
    invite,
    promise,
    sign_in,
)  # fmt: skip
from tests.packs import INTEGRITY, PUBLIC, RATING
from tests.service.test_self_assessments import CLEAN, filled_in
from tests.service.test_self_assessments import published as published  # noqa: PLC0414

pytestmark = pytest.mark.faults

LEAST, LEAST_AMID = amount(200, part=120), amount(140, part=70)  # amid an answer
COPY, STATEMENT, PREMISES = map(applying.page, range(4, 7))
CASH = "经营现金净流量"


@pytest.fixture
async def walk(published, db: str, tmp_path: Path) -> AsyncIterator[Walk]:
    """Both follow the account already, so their unionids are known."""
    for openid in (WANG, LI):
        known = sessions.Known(people.OA, openid, unionid(openid))
        await sessions.sign_in(known, Door.H5, now=NOW)
    async with open_road(db, tmp_path, Look(open_vault(Config()))) as road:
        road.keep({"people": 2})
        road.keep({f"identity {one} 1": unionid(one) for one in (WANG, LI)})
        yield Walk(road, tmp_path)


async def assess_on_pages(walk: Walk) -> None:
    """One field half typed, put aside, seen again, mended; then on to the result."""
    road, li = walk.road, walk.li
    here = f"{walk.h5}/self/{PUBLIC}"
    part = f"{here}/part/company"
    typed = {"founded_on.v": "2016-5", "taxpayer.v": "一般纳税人"}
    seen = hidden(await li.page(part), "seen")
    await li.post(part, typed | {"seen": seen, "do": "later"})
    road.keep({f"self:{PUBLIC} founded_on": {"v": "2016-5"}})
    road.keep({f"self:{PUBLIC} taxpayer": {"v": "一般纳税人"}})
    page = await li.page(part)
    assert 'value="2016-5"' in page
    road.changes(f"self:{PUBLIC} founded_on")
    names = [one.id for one in questionnaire(shipped_pack(PUBLIC)).section("company").questions]
    typed = {f"{name}.{part}": v for name in names for part, v in CLEAN[name].items()}
    await li.post(part, typed | {"seen": hidden(page, "seen"), "do": "next"})
    road.keep({f"self:{PUBLIC} {name}": CLEAN[name] for name in names})
    place = (await li.post(f"{here}/finish", {})).place
    assert place.startswith(f"{here}/results/")
    road.keep({f"result {PUBLIC} 1": len(names)})


async def assess_with_statements(walk: Walk) -> None:
    """The three statements: a template of Excel, then one sheet typed over, saved as it goes."""
    road, wang = walk.road, walk.wang
    here = f"{walk.h5}/self/{RATING}"
    cells = {("资产负债表", "资产总额"): {"B": 1200.5}, ("利润表", "净利润"): {"B": -30, "C": 5},
             ("现金流量表", CASH): {"B": 44}}  # fmt: skip
    form = {"seen": hidden(await wang.page(f"{here}/statements"), "seen")}
    await wang.post(f"{here}/statements", form | {"statements": filled_in(cells)})
    read = {
        "balance_sheet": {"unit": "1", "2025.资产总额": "1200.5"},
        "profit": {"unit": "1", "2025.净利润": "-30", "2024.净利润": "5"},
        "cash_flow": {"unit": "1", f"2025.{CASH}": "44"},
    }
    road.keep({f"self:{RATING} {name}": parts for name, parts in read.items()})
    page = await wang.page(f"{here}/part/balance")
    road.changes(f"self:{RATING} balance_sheet")
    typed = {
        "unit": "10000",
        "2025.资产总额": "1,200",
        "2025.负债总额": "五百",
        "2024.所有者权益": "700",
    }
    sent = {f"balance_sheet.{name}": text for name, text in typed.items()}
    await wang.post(
        f"{here}/part/balance", sent | {"seen": hidden(page, "seen"), "do": "save"}, status=200
    )
    road.keep({f"self:{RATING} balance_sheet": typed})
    page = await wang.page(f"{here}/part/balance")
    assert 'value="五百"' in page
    road.changes(f"self:{RATING} balance_sheet")
    sent["balance_sheet.2025.负债总额"] = "500"
    await wang.post(f"{here}/part/balance", sent | {"seen": hidden(page, "seen"), "do": "next"})
    road.keep({f"self:{RATING} balance_sheet": typed | {"2025.负债总额": "500"}})
    await wang.api("POST", f"{walk.api}/self-assessments/{RATING}/results")
    known = {"industry": "C13", "founded_on": "2016-05-18", "public_credit_score": "832"}
    road.keep({f"self:{RATING} {name}": {"v": text} for name, text in known.items()})
    road.keep({f"result {RATING} 1": len(read) + len(known)})


async def assess_in_mini(walk: Walk) -> None:
    road, wang = walk.road, walk.wang
    here, seen = f"{walk.api}/self-assessments/{INTEGRITY}", 0
    given = {"founded_on": {"v": "2016-05-18"}, "tax": {"v": "5"}, "serious": {"has": "no"}}
    for name, parts in given.items():
        sent = {"seen": seen, "answers": {name: parts}}
        seen = (await wang.api("POST", f"{here}/answers", json=sent))["seen"]
        road.keep({f"self:{INTEGRITY} {name}": parts})
    await wang.api("POST", f"{here}/results")
    road.keep({f"result {INTEGRITY} 1": len(given)})


async def upload(walk: Walk, phone: Phone, data: bytes, kind: str, name: str) -> str:
    """In three parts, each of which is there once it was answered."""
    road, number = walk.road, uuid4()
    here = f"{walk.api}/uploads/{number}"
    plan = {"kind": kind, "name": name, "bytes": len(data)}
    await phone.api("PUT", here, json=plan)
    place = f"upload {number}"
    road.keep({f"{place} kind": kind, f"{place} name": name, f"{place} size": len(data)})
    third = len(data) // 3 + 1
    starts = range(0, len(data), third)
    for start in starts:
        piece = data[start : start + third]
        told = await phone.api("PUT", f"{here}/parts/{start}", data=piece)
        assert told["received"] == start + len(piece)
        road.keep({f"{place} part {start}": len(piece)})
    road.changes(*(f"{place} part {start}" for start in starts))
    kept = await phone.api("POST", f"{here}/finish")
    road.keep({f"{place} file": digest(data)})
    road.filed(data, kind, name)
    return kept["id"]


async def apply(walk: Walk) -> None:
    """One document in parts and over the API, one in parts and by the form, one with the form."""
    road, wang = walk.road, walk.wang
    place = (await wang.post(f"{walk.h5}/cases/new/{applying.RATING}", {})).place
    case = place.rsplit("/", 1)[1]
    api = f"{walk.api}/cases/{case}"
    road.keep({"case 1 programme": applying.RATING, "case 1 state": "draft"})
    road.keep({"case 1 step 1": ("begin", "")})

    file = await upload(walk, wang, COPY, "business_licence", "执照.jpg")
    sent = {"material": "business_licence", "file": file, "dated": ""}
    await wang.api("POST", f"{api}/papers", json=sent)
    road.keep({f"case 1 business_licence {digest(COPY)} 1": (None, 1)})
    file = await upload(walk, wang, STATEMENT, "financial_statements", "报表.jpg")
    await wang.post(f"{place}/papers/statements", {"kept": file, "dated": "2025", "file": b""})
    road.keep({f"case 1 statements {digest(STATEMENT)} 1": ("2025-12-31", 1)})
    await wang.post(f"{place}/papers/premises", {"file": PREMISES})
    road.keep({f"case 1 premises {digest(PREMISES)} 1": (None, 1)})
    road.filed(PREMISES, "other")
    await the_rest(walk, UUID(case))

    road.changes("case 1 state")
    await wang.post(f"{place}/submit", {"truthful": "yes"})
    road.keep({"case 1 state": "submitted", "case 1 numbered": True})
    road.keep({"case 1 step 2": ("submit", "")})
    road.keep({f"message {LI} case_moved 1": "待受理"})
    number = (await CreditCase.get()).number
    assert number in await wang.page(f"{place}/submitted")
    road.changes("case 1 state")
    await wang.api("POST", f"{api}/withdraw", json={"reason": "材料要重新整理"})
    road.keep({"case 1 state": "withdrawn", "case 1 step 3": ("withdraw", "材料要重新整理")})
    road.keep({f"message {LI} case_moved 2": "已撤回"})


async def the_rest(walk: Walk, case: UUID) -> None:
    """What is left is handed in without a kill: the same again, a dozen times."""
    before = await walk.road.look()
    actor = await sessions.find(walk.wang.token, Door.MINI, now=walk.road.now)
    async with papers.cabinet_in(walk.folder) as cabinet:
        desk = applying.Desk(UUID(walk.firm), actor, cabinet, pages=10)
        await desk.fill(case, walk.road.now)
    after = await walk.road.look()
    assert before.items() <= after.items()
    walk.road.keep(after)


STEPS = (
    sign_in, consent, bind, describe, promise, invite,
    assess_on_pages, assess_with_statements, assess_in_mini, apply,
)  # fmt: skip


async def test_no_field_is_lost_wherever_the_process_is_killed(walk: Walk):
    for step in STEPS:
        await step(walk)
        await walk.road.nothing_else()
    found = await everything(open_vault(Config()))
    assert await walk.road.look() == found, "`Look` looks at too few tables"
    assert walk.road.kills >= LEAST
    assert walk.road.amid >= LEAST_AMID
