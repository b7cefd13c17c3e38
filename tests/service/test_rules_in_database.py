"""`rules` on a database, as staff use it: publish with two persons, compare, re-score."""

import re
from pathlib import Path
from random import Random

import pytest

from bot.clients.database import fetch
from bot.scoring.library import PACKS, shipped_pack
from bot.services import facts
from tests import register
from tests.conftest import NOW
from tests.packs import PUBLIC as SCHEME
from tests.packs import V2
from tests.product import settings
from tests.register import AS_OF
from tests.service.test_commands import Said, bot
from tests.service.test_schemes import publish

V1_FILE = str(PACKS / SCHEME / "1.toml")


@pytest.fixture
def env(db: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)


async def rules(*words: str, env: dict[str, str]) -> Said:
    return await bot("rules", *words, env=env)


async def enrolled(number: int) -> None:
    pack, random = shipped_pack(SCHEME), Random(6)
    for one in await register.enrol(random, number):
        await facts.record(one, register.rows(pack, random, about=12), pack=pack, now=NOW)


async def test_a_version_is_published_by_two_persons(env):
    proposed = await rules(
        "propose", V1_FILE, "--effective-on", "2026-01-01", "--by", "王芳", env=env
    )
    words = re.search(r"rules (approve .*) --by", proposed.text)[1].split()
    alone = await rules(*words, "--by", "王芳", env=env)
    approved = await rules(*words, "--by", "李强", env=env)
    again = await rules("propose", V1_FILE, "--effective-on", "2026-01-01", "--by", "王芳", env=env)
    listed = await rules("published", env=env)

    assert (alone.code, alone.text.strip()) == (
        2,
        "提交人不能审批自己的版本，请另一位工作人员核对后审批。",
    )
    assert approved.code == 0
    assert approved.text.splitlines()[0] == f"已发布 {SCHEME} 第 1 版，2026-01-01 起生效"
    assert again.text.strip() == f"{SCHEME} 第 1 版已经发布，没有变化"
    assert "王芳  李强" in listed.text
    assert shipped_pack(SCHEME).hash[:12] in listed.text


async def test_everybody_is_scored_again_and_counted(env, db):
    await publish(on=AS_OF)
    await enrolled(30)

    said = await rules("rescore", SCHEME, "--as-of", AS_OF.isoformat(), env=env)

    assert said.code == 0, said.text
    assert f"{SCHEME} 第 1 版：30 家企业已重新计分" in said.text
    counts = [int(line.split()[-1]) for line in said.text.splitlines()[2:]]
    assert sum(counts) == 30


async def test_a_dry_run_over_the_database_shows_who_moves(env, db, tmp_path):
    await enrolled(40)
    new = tmp_path / "2.toml"
    new.write_text(V2, encoding="utf-8")

    said = await rules(
        "diff", V1_FILE, str(new), "--database", "--as-of", AS_OF.isoformat(), env=env
    )

    assert said.code == 0, said.text
    head = re.match(r"共 40 家：等级变化 (\d+) 家，只有分数或明细变化 (\d+) 家。", said.text)
    assert int(head[1]) > 0
    assert len(re.findall("^91.*→", said.text, re.MULTILINE)) == int(head[1])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("rescore", SCHEME, "--as-of", "2026-03-01"), "还没有生效的版本"),
        (("rescore", SCHEME, "--version", "7", "--as-of", "2026-03-01"), "第 7 版没有发布"),
        (("rescore", SCHEME, "--as-of", "昨天"), "不是日期"),
        (("rescore", SCHEME, "--as-of", "2026-03-01", "--basis", "x"), "self 或 verified"),
        (("propose", V1_FILE, "--effective-on", "昨天", "--by", "王芳"), "生效日期应当写成"),
        (("propose", "none.toml", "--effective-on", "2026-01-01", "--by", "甲"), "打不开"),
        (("diff", V1_FILE, V1_FILE, "--as-of", "2026-03-01"), "--facts 目录 或 --database"),
    ],
)
async def test_what_cannot_be_done_is_told_in_one_sentence(env, words, told):
    said = await rules(*words, env=env)

    assert (said.code, len(said.text.splitlines())) == (2, 1)
    assert told in said.text


async def test_nothing_published_is_said_so(env):
    assert (await rules("published", env=env)).text.strip() == "还没有发布任何版本"


async def test_results_of_a_day_to_come_are_not_put_in_force(env, db):
    await publish(on=AS_OF)
    await enrolled(5)

    said = await rules("rescore", SCHEME, "--as-of", "2126-03-01", env=env)

    assert (said.code, said.text.strip()) == (2, "--as-of：2126-03-01：评价日不能晚于今天")


async def test_the_second_person_sees_what_would_change(env, db, tmp_path):
    await publish(on=AS_OF)
    new = tmp_path / "2.toml"
    new.write_text(V2, encoding="utf-8")
    said = await rules("propose", str(new), "--effective-on", "2126-01-01", "--by", "甲", env=env)
    digest = re.search(r"核对码：(\w+)", said.text)[1]

    seen = await rules("proposed", SCHEME, env=env)

    assert seen.code == 0
    lines = seen.text.splitlines()
    assert lines[:2] == [f"{SCHEME} 第 2 版，2126-01-01 起生效", "提交人：甲"]
    assert f"核对码：{digest}" in lines
    assert "-总分：从 800 分起，限制在 500 到 1000 分" in lines
    assert "+总分：从 790 分起，限制在 500 到 1000 分" in lines
    entries = await fetch("SELECT action, object_id FROM audit_entry")
    assert {(entry["action"], entry["object_id"]) for entry in entries} == {
        ("rules.proposed", f"{SCHEME}/1"),
        ("rules.published", f"{SCHEME}/1"),
        ("rules.proposed", f"{SCHEME}/2"),
    }


async def test_nothing_before_the_second_person_is_said_so(env):
    said = await rules("proposed", SCHEME, env=env)

    assert (said.code, said.text.strip()) == (2, f"{SCHEME} 没有等待审批的版本。")
