"""`audit` on the command line: the log for people, and the verdict about it."""

from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from bot.clients.head_file import HeadFile
from bot.clients.vault import read_keys
from bot.config import SANDBOX_AUDIT_KEYS
from bot.domain.actors import Staff
from bot.services import audit
from bot.services.audit_reading import last_head
from bot.services.audit_sequence import HeadSigner, sequence
from models import TicketState
from tests.conftest import NOW
from tests.service.test_commands import bot, env

__all__ = ["env"]
SIGNER = HeadSigner(read_keys(SANDBOX_AUDIT_KEYS))


@pytest.fixture
async def noted(db: str) -> None:
    for number, name in enumerate(("王芳", "李强")):
        async with in_transaction():
            await audit.note(
                "thing.shut",
                kind="thing",
                id=f"t{number}",
                actor=Staff(name),
                now=NOW,
                before={"state": TicketState.OPEN, "phone": "13800138000"},
                after={"state": TicketState.CLOSED, "phone": "13800138000"},
                reason="电话核实过",
            )
        if number == 0:
            await sequence(signer=SIGNER, now=NOW)


async def test_the_log_is_listed_with_what_may_be_read(noted, env):
    said = await bot("audit", "list", env=env)
    of_one = await bot("audit", "list", "--object", "t0", "--actor", "王芳", env=env)

    assert (said.code, said.text.splitlines()[-1]) == (0, "共 2 条")
    latest, first = said.text.splitlines()[1:3]
    assert latest.split()[0] == "等待"
    assert first.split()[:6] == ["0", "2026-03-02", "09:30:00", "王芳", "thing.shut", "thing"]
    assert "phone ●（不变）, state open→closed" in first
    assert "电话核实过" in first
    assert "13800138000" not in said.text
    assert of_one.text.splitlines()[-1] == "共 1 条"


async def test_an_object_that_was_never_touched_has_no_entries(noted, env):
    said = await bot("audit", "list", "--object", "nothing", env=env)

    assert said.text.splitlines()[-1] == "没有这样的记录"


async def test_a_wrong_number_of_an_enterprise_is_told(noted, env):
    said = await bot("audit", "list", "--enterprise", "x", env=env)

    assert (said.code, "企业编号不对" in said.text) == (1, True)


async def test_a_whole_log_is_told_to_be_whole_and_a_head_can_be_kept(noted, env):
    head = (await bot("audit", "head", env=env)).text.splitlines()
    key = head[1].removeprefix("公钥 ")

    said = await bot("audit", "verify", "--head", head[0], "--key", key, env=env)
    wrong = await bot("audit", "verify", "--head", f"1:{'00' * 32}", env=env)

    assert (said.code, "审计记录完好：1 条" in said.text) == (0, True)
    assert (wrong.code, "见证人" in wrong.text) == (1, True)


@pytest.mark.parametrize("option", [("--head", "x"), ("--key", "a1:zz")])
async def test_what_cannot_be_read_is_told(noted, env, option):
    said = await bot("audit", "verify", *option, env=env)

    assert (said.code, "--head 须为" in said.text) == (1, True)


async def test_a_log_that_was_changed_is_told_with_its_first_bad_entry(noted, env, db):
    owner = await asyncpg.connect(db)
    await owner.execute("SET session_replication_role = replica")
    entry = await owner.fetchval(
        "UPDATE audit_entry SET actor = '张三' WHERE object_id = 't0' RETURNING id"
    )
    await owner.close()

    said = await bot("audit", "verify", env=env)

    assert said.code == 1
    assert f"第一处不对：第 0 号（{entry}）：记录与写入时不符" in said.text


async def test_the_reason_goes_with_the_key_and_the_log_stays_whole(noted, env, db):
    by = ("--by", "王芳", "--second", "李强", "--reason", "依法删除")
    destroyed = [
        (await bot("audit", "destroy-key", f"thing:{one}", *by, env=env)).code
        for one in ("t0", "t1")
    ]
    again = await bot("audit", "destroy-key", "thing:t0", *by, env=env)

    listed = await bot("audit", "list", env=env)
    verified = await bot("audit", "verify", env=env)

    assert (destroyed, again.code) == ([0, 0], 1)
    assert ("电话核实过" in listed.text, "依法删除" in listed.text) == (False, True)
    assert (listed.code, verified.code) == (0, 0)


async def test_the_machines_own_head_and_those_of_others_are_witnesses(noted, env, db, tmp_path):
    ours, theirs = HeadFile.of(Path(env["CREDIT_STATE_DIR"])), HeadFile(tmp_path / "theirs.json")
    alone = await bot("audit", "verify", env=env)
    head = await last_head()
    ours.keep(head)
    theirs.keep(replace(head, size=7))
    kept = await bot("audit", "verify", env=env)
    shown = await bot("audit", "verify", "--witness", str(theirs.path), env=env)
    nothing = await bot("audit", "verify", "--witness", str(tmp_path / "nothing"), env=env)

    owner = await asyncpg.connect(db)
    await owner.execute(
        "SET session_replication_role = replica; DELETE FROM audit_leaf; DELETE FROM audit_head;"
        "DELETE FROM audit_part; DELETE FROM audit_key; DELETE FROM audit_entry;"
        "DELETE FROM audit_pending"
    )
    await owner.close()
    emptied = await bot("audit", "verify", env=env)

    assert (alone.code, "没有见证人" in alone.text) == (0, True)
    assert (kept.code, "没有见证人" in kept.text) == (0, False)
    assert (shown.code, "见证人见过 7 条，只找到 1 条" in shown.text) == (1, True)
    assert (nothing.code, "里没有树根" in nothing.text) == (1, True)
    assert (emptied.code, "见证人见过 1 条，只找到 0 条" in emptied.text) == (1, True)


async def test_after_a_restore_two_people_believe_the_database(noted, env):
    ours = HeadFile.of(Path(env["CREDIT_STATE_DIR"]))
    head = await last_head()
    ours.keep(replace(head, size=7))
    names = ("--by", "王芳", "--reason", "从备份恢复", "--second")

    alone = await bot("audit", "restored", *names, "王芳", env=env)
    both = await bot("audit", "restored", *names, "李强", env=env)

    assert (alone.code, both.code, ours.read()) == (1, 0, head)
    assert "从 1 条接着签名" in both.text
