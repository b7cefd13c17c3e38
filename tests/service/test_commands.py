"""The command line as an operator uses it: real processes, real answers."""

import asyncio
import socket
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import asyncpg
import pytest
from tortoise.migrations.operations import RunSQL
from tortoise.transactions import in_transaction

from bot.services import outbox
from models import Job, JobState
from tests.conftest import NOW
from tests.engines import create_database
from tests.nursery import forked
from tests.product import free_port, settings
from tests.unit.test_config import SAFE


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    text: str


async def bot(*words: str, env: dict[str, str]) -> Said:
    with tempfile.TemporaryFile() as output:
        process = forked.start("bot", *words, env=env, output=output)
        code = await asyncio.to_thread(process.wait, 120)
        output.seek(0)
        return Said(code, output.read().decode())


@pytest.fixture
def env(db: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)


async def test_a_port_that_is_taken_is_told_in_a_sentence(env):
    with socket.create_server(("127.0.0.1", int(env["CREDIT_WEB_PORT"]))):
        said = await bot("web", env=env)

    told = f"✗ 端口 {env['CREDIT_WEB_PORT']} 已被别的程序占用，请用 CREDIT_WEB_PORT 换一个"
    assert (said.code, said.text.splitlines()[-1]) == (1, told)
    assert "Traceback" not in said.text


async def test_doctor_finds_nothing_wrong_with_a_sound_installation(env):
    said = await bot("doctor", env=env)

    assert (said.code, said.text.splitlines()[-1]) == (0, "一切正常")
    assert "✗" not in said.text
    assert said.text.count("· 工作日历：") <= 1  # by the day of the year


async def test_doctor_tells_everything_that_is_wrong_at_once(env):
    nowhere = free_port()
    env["CREDIT_DATABASE_URL"] = f"postgres://u:some-password@127.0.0.1:{nowhere}/none"
    env["CREDIT_REDIS_URL"] = f"redis://127.0.0.1:{nowhere}/0"

    said = await bot("doctor", env=env)

    wrong = [line.split("：")[0] for line in said.text.splitlines() if line.startswith("✗")]
    assert wrong == ["✗ 数据库", "✗ 数据库结构", "✗ 签发密钥", "✗ 缓存"]
    assert (said.code, "发现 4 个问题" in said.text) == (1, True)
    assert "some-password" not in said.text


async def test_doctor_counts_the_missing_steps_of_an_empty_database(env, db):
    env["CREDIT_DATABASE_URL"] = await create_database(db, "empty_one", template="template1")

    said = await bot("doctor", env=env)

    assert "✗ 数据库结构" in said.text
    assert "请执行 ./run migrate" in said.text


async def test_doctor_tells_bad_settings_and_looks_at_the_rest_all_the_same(env):
    env |= {"CREDIT_LOG_LEVEL": "x", "CREDIT_TYPO": "1"}
    env["CREDIT_REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"

    said = await bot("doctor", env=env)

    wrong = [line.split("：")[:2] for line in said.text.splitlines() if line.startswith("✗")]
    assert [word[0] for word in wrong] == ["✗ 设置", "✗ 设置", "✗ 缓存"]
    assert {word[1].split(":")[0] for word in wrong[:2]} == {"CREDIT_LOG_LEVEL", "CREDIT_TYPO"}
    assert (said.code, "发现 3 个问题" in said.text) == (1, True)


async def test_bad_settings_stop_every_command_with_all_their_faults(env):
    said = await bot("migrate", env=env | {"CREDIT_WEB_PORT": "x", "CREDIT_TYPO": "1"})

    assert said.code == 78
    assert "CREDIT_WEB_PORT: 须为整数" in said.text
    assert "CREDIT_TYPO: 没有这个设置" in said.text


async def test_the_sandbox_refuses_to_start_in_production(env):
    production = {k: v for k, v in env.items() if not k.startswith("CREDIT_")} | SAFE

    said = await bot("sandbox", env=production)

    assert (said.code, "不能在生产环境启动" in said.text) == (1, True)


async def test_without_a_database_a_command_says_how_to_get_one(env, tmp_path):
    del env["CREDIT_DATABASE_URL"]

    said = await bot("migrate", env=env)

    assert (said.code, "请先在另一个窗口执行 ./run" in said.text) == (1, True)


async def test_two_machines_may_migrate_at_once_and_again(env, db):
    url = await create_database(db, "migrated_twice", template="template1")
    env["CREDIT_DATABASE_URL"] = url

    first = await asyncio.gather(*(bot("migrate", env=env) for _ in range(3)))
    again = await bot("migrate", env=env)

    assert [said.code for said in (*first, again)] == [0] * 4
    connection = await asyncpg.connect(url)
    try:
        steps = await connection.fetch("SELECT name FROM tortoise_migrations")
        assert len(steps) == len(set(steps)) > 0
        assert await connection.fetchval("SELECT count(*) FROM job") == 0
    finally:
        await connection.close()


async def test_a_report_whose_photo_goes_with_its_column_says_no_more_that_it_has_one(emptier):
    step = import_module("models.migrations.0032_report_photos").Migration
    [forget] = [one.sql for one in step.operations if isinstance(one, RunSQL)]
    await emptier.execute(
        "CREATE TEMP TABLE fake_report (photo bytea, photo_type text);"  # hides the real one
        "INSERT INTO fake_report VALUES ('x', 'image/jpeg'), (NULL, 'image/png')"
    )
    try:
        await emptier.execute(forget)
        rows = await emptier.fetch("SELECT photo_type FROM fake_report ORDER BY photo")
    finally:
        await emptier.execute("DROP TABLE pg_temp.fake_report")

    assert [row["photo_type"] for row in rows] == ["", "image/png"]


async def test_old_steps_of_a_binding_get_the_role_that_they_were_taken_with(emptier):
    roles = import_module("models.migrations.0035_roles_of_steps").ROLES
    await emptier.execute(
        "CREATE TEMP TABLE binding (id int, role text);"  # these hide the real ones
        "CREATE TEMP TABLE binding_step (id int, binding_id int, action text, at int, role text);"
        "INSERT INTO binding VALUES (1, 'agent'), (2, 'legal');"
        "INSERT INTO binding_step VALUES (1, 1, 'claim', 1), (2, 1, 'question', 1),"
        " (3, 1, 'renew', 2), (4, 2, 'approve', 1), (5, 2, 'question', 2), (6, 2, 'uphold', 3)"
    )
    try:
        await emptier.execute(roles)
        rows = await emptier.fetch("SELECT role FROM binding_step ORDER BY id")
    finally:
        await emptier.execute("DROP TABLE pg_temp.binding, pg_temp.binding_step")

    assert [row["role"] for row in rows] == ["legal", "agent", "agent", "legal", "agent", "legal"]


async def test_the_models_ask_for_no_step_that_no_file_holds(env):
    said = await bot("migrate", "--check", env=env)

    assert (said.code, said.text.strip()) == (0, "models/ 与迁移文件一致")


async def test_dead_jobs_are_listed_and_tried_again(env):
    async with in_transaction():
        job = await outbox.put("nobody.knows", {}, now=NOW)
    while await outbox.postpone(job, reason="LookupError", tasks={}, now=NOW):
        pass

    listed = await bot("jobs", "dead", env=env)
    requeued = await bot("jobs", "requeue", "all", env=env)
    empty = await bot("jobs", "dead", env=env)
    strange = await bot("jobs", "requeue", "seven", env=env)

    assert listed.text.splitlines() == [
        f"{job}  nobody.knows  试过 7 次  2026-03-02 09:30  LookupError",
        "共 1 个",
    ]
    assert requeued.text.strip() == "已重新排队 1 个"
    assert empty.text.strip() == "没有失败的任务"
    assert (strange.code, "任务编号不对" in strange.text) == (1, True)
    assert (await Job.get(id=job)).state is JobState.WAITING
