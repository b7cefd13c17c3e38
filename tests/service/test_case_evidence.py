"""The evidence of a case that was taken back goes on its day, and nothing else with it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.actors import Staff
from bot.services import case_evidence, case_intake, cases
from bot.services.retention import WITHDRAWN
from models import AuditEntry, StoredFile
from tests import applying, papers, people
from tests.applying import EVALUATION, RATING, SHANXI, Desk
from tests.conftest import NOW

STAFF = Staff("王芳")
LATER = NOW + WITHDRAWN


@pytest.fixture
async def desk(db: str, tmp_path: Path) -> AsyncIterator[Desk]:
    member = await people.member()
    async with papers.cabinet_in(tmp_path) as cabinet:
        yield Desk(await applying.ready(member), member, papers.trusting(cabinet))


async def left() -> set[str]:
    return set(await StoredFile.filter(erased_at=None).values_list("name", flat=True))


async def test_it_goes_thirty_days_after_the_withdrawal_and_not_before(desk):
    case = await desk.begin(RATING)
    await desk.hand_in(case, "capital")
    await cases.withdraw(desk.enterprise, case, "", actor=desk.actor, now=NOW)

    early = await case_evidence.erase(now=LATER - timedelta(seconds=1))
    due = await case_evidence.erase(now=LATER)
    again = await case_evidence.erase(now=LATER)

    assert (early, due, again) == (0, 1, 0)
    assert await left() == set()
    assert await AuditEntry.filter(action="file.erased", actor="cases.erase").count() == 1
    shown = (await desk.show(case, LATER)).document("capital")
    assert [paper.name for paper in shown.papers] == ["文件已按期删除"]


async def test_what_another_case_needs_or_was_accepted_stays(desk):
    case, other = await desk.begin(RATING), await desk.begin(EVALUATION)
    same = applying.page(3)
    for one in (case, other):
        await desk.hand_in(one, "business_licence", same)
    await desk.hand_in(case, "capital")
    await cases.withdraw(desk.enterprise, case, "", actor=desk.actor, now=NOW)

    assert await case_evidence.erase(now=LATER) == 1
    assert await left() == {"business_licence.jpg"}

    await cases.withdraw(desk.enterprise, other, "", actor=desk.actor, now=LATER)
    assert await case_evidence.erase(now=LATER + WITHDRAWN - timedelta(seconds=1)) == 0
    assert await case_evidence.erase(now=LATER + WITHDRAWN) == 1


@pytest.mark.parametrize(("programme", "goes"), [(RATING, 0), (SHANXI, 1)])
async def test_what_the_staff_accepted_may_be_used_again_but_for_identity_cards(
    desk, programme, goes
):
    case = await desk.submitted(programme)
    await case_intake.accept(case, actor=STAFF, now=NOW)
    before = await left()
    await cases.withdraw(desk.enterprise, case, "", actor=desk.actor, now=NOW)

    assert await case_evidence.erase(now=LATER) == goes
    assert before - await left() == ({"representative_id.jpg"} if goes else set())
