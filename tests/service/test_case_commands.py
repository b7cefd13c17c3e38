"""The desk at the command line: real processes on what a member has handed in."""

import pytest

from bot.domain.cases import State
from models import CreditCase, FileOpening
from tests import applying, papers, people
from tests.applying import Desk
from tests.product import settings
from tests.service.test_commands import bot


@pytest.fixture
def env(db, redis_url, tmp_path):
    return settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)


async def test_the_desk_lists_shows_returns_and_accepts(env, tmp_path):
    member = await people.member()
    async with papers.cabinet_in(tmp_path) as cabinet:
        desk = Desk(await applying.ready(member), member, cabinet)
        case = await desk.submitted()
        number = (await CreditCase.get(id=case)).number
        listed = await bot("cases", "list", env=env)
        unclear = await bot(
            "cases", "return", number, "--by", "王芳", "--reason", "看不清", env=env
        )
        returned = await bot(
            "cases", "return", number, "--by", "王芳", "--reason", "capital=看不清", env=env
        )
        shown = await bot("cases", "show", number, env=env)
        await desk.hand_in(case, "capital", papers.pdf(8))
        await desk.submit(case)
    place = tmp_path / "seen"
    place.mkdir()
    look = ("cases", "papers", number, str(place), "--by", "王芳", "--why")
    idle = await bot(*look, " ", env=env)
    looked = await bot(*look, "受理前核对", env=env)
    accepted = await bot("cases", "accept", str(case), "--by", "王芳", env=env)
    late = await bot("cases", "reject", number, "--by", "赵敏", "--reason", "材料虚假", env=env)
    unknown = await bot("cases", "show", "SB1", env=env)

    assert (listed.code, number in listed.text, "共 1 件" in listed.text) == (0, True, True)
    assert (unclear.code, "材料=原因" in unclear.text) == (1, True)
    assert (returned.code, "待补正" in returned.text) == (0, True)
    assert "capital  验资报告或出资证明  需补正  看不清" in shown.text
    assert (idle.code, "请写明查看的原因" in idle.text) == (1, True)
    assert looked.code == 0, looked.text
    seen = sorted(one.name for one in place.iterdir())
    assert [one for one in seen if "capital" in one] == [  # a PDF, of which six pages were drawn
        f"03-{page:03}-capital.jpg" for page in range(1, 9)
    ]
    written = await FileOpening.filter(actor_kind="staff").values_list("actor", "why", "page")
    assert len(written) == len(seen)
    assert {(who, why) for who, why, _ in written} == {("王芳", "受理前核对")}
    assert all(page > 0 for _, _, page in written)
    assert (accepted.code, "核实中" in accepted.text) == (0, True)
    assert (late.code, "现在的状态不能做这项操作" in late.text) == (1, True)
    assert (unknown.code, "没有这个编号" in unknown.text) == (1, True)
    assert (await CreditCase.get(id=case)).state is State.VERIFYING
