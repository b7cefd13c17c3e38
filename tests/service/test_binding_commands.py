"""`bindings` and `roster` as the staff use them."""

from pathlib import Path

import pytest

from bot.config import Config
from bot.deps import open_vault
from bot.domain.actors import Staff
from bot.domain.bindings import Role
from bot.services import bindings, claims
from bot.services.claims import Papers
from models import AuditEntry, Enterprise, Membership
from tests import people, roster_files
from tests.conftest import NOW
from tests.product import settings
from tests.service.test_commands import bot
from tests.service.test_rosters import broken_sheet

VAULT = open_vault(Config())


@pytest.fixture
def env(db: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)


async def claim() -> tuple:
    me = await people.member()
    papers = Papers("91350100M000100Y43", "晨星科技有限公司", Role.AGENT, "李强", "13900139000")
    return me, await claims.by_papers(papers, actor=me, vault=VAULT, now=NOW)


async def test_a_claim_is_listed_approved_and_gone_from_the_list(env):
    me, claimed = await claim()

    listed = await bot("bindings", "list", env=env)
    approve = ("bindings", "approve", str(claimed.binding_id), "--by", "周敏")
    refused = await bot(*approve, env=env)
    approved = await bot(*approve, "--reason", "电话核实", env=env)
    after = await bot("bindings", "list", env=env)

    assert str(claimed.binding_id) in listed.text
    assert ("139****9000" in listed.text, "13900139000" in listed.text) == (True, False)
    assert (refused.code, "还没有交齐营业执照和授权书" in refused.text) == (1, True)
    assert (approved.code, after.text) == (0, "没有等待审核的申请\n")
    assert len(await bindings.bound(me, now=NOW)) == 1
    assert (await AuditEntry.get(action="binding.approve")).actor == Staff("周敏").name
    held = await bot("bindings", "of", "91350100m000100y43", env=env)
    assert "经办人  有效" in held.text


async def test_the_staff_say_what_the_papers_prove_where_the_claim_said_otherwise(env):
    me, claimed = await claim()
    said = ("--by", "周敏", "--reason", "执照上是本人", "--role", "legal")

    done = await bot("bindings", "approve", str(claimed.binding_id), *said, env=env)

    assert done.code == 0
    assert [one.role for one in await bindings.bound(me, now=NOW)] == [Role.LEGAL]


async def test_whoever_reads_a_number_in_clear_says_who_they_are(env):
    _, claimed = await claim()

    refused = await bot("bindings", "list", "--phone", env=env)
    shown = await bot("bindings", "list", "--phone", "--by", "周敏", env=env)

    assert (refused.code, "13900139000" in refused.text) == (1, False)
    assert "13900139000" in shown.text
    entry = await AuditEntry.get(action="binding.phone_read")
    assert (entry.actor, entry.object_id) == ("周敏", str(claimed.binding_id))


async def test_a_rejection_needs_its_reason_and_a_number_that_exists(env):
    _, claimed = await claim()
    number = str(claimed.binding_id)

    refused = await bot("bindings", "reject", number, "--by", "周敏", "--reason", " ", env=env)
    odd = await bot("bindings", "reject", "7", "--by", "周敏", "--reason", "不符", env=env)
    done = await bot("bindings", "reject", number, "--by", "周敏", "--reason", "不符", env=env)
    again = await bot("bindings", "reject", number, "--by", "周敏", "--reason", "不符", env=env)

    assert ("请写明不通过的原因" in refused.text, refused.code) == (True, 1)
    assert "编号不对" in odd.text
    assert (done.code, done.text) == (0, "已答复申请人\n")
    assert again.code == 1


async def test_a_roster_is_imported_once_and_its_slips_are_told(env, tmp_path):
    good = roster_files.write(tmp_path / "good.csv", list(roster_files.rows(20)))
    bad = roster_files.write(
        tmp_path / "bad.csv", [["x", *cells[1:]] for cells in roster_files.rows(2)]
    )

    first = await bot("roster", "import", str(good), "--by", "周敏", env=env)
    again = await bot("roster", "import", str(good), "--by", "周敏", env=env)
    refused = await bot("roster", "import", str(bad), "--by", "周敏", env=env)
    none = await bot("roster", "import", str(tmp_path / "no.csv"), "--by", "周敏", env=env)
    (tmp_path / "half.xlsx").write_bytes(broken_sheet(tmp_path / "whole.xlsx"))
    half = await bot("roster", "import", str(tmp_path / "half.xlsx"), "--by", "周敏", env=env)

    assert first.text == "已导入 20 家：新企业 20，企业信息 20，会员资格 20，联系人 20\n"
    assert again.text == "共 20 家，与现有名册完全一致，没有改动\n"
    assert (refused.code, "第 2 行“统一社会信用代码”" in refused.text) == (2, True)
    assert "打不开" in none.text
    assert (half.code, "没有导入：文件打不开，可能已经损坏" in half.text) == (2, True)
    assert "Traceback" not in half.text + none.text
    assert await Enterprise.all().count() == 20


async def test_an_enterprise_is_renamed_and_its_membership_ended_by_command(env):
    one = await people.enterprise("晨星科技有限公司", "91350100M000100Y43")
    code, by = "91350100m000100y43", ("--by", "周敏")
    bare = await bot("enterprises", "show", code, env=env)
    joined = await people.join(one)

    renamed = await bot("enterprises", "rename", code, "晨星集团有限公司", *by, env=env)
    shown = await bot("enterprises", "show", code, env=env)
    odd = await bot("enterprises", "end-membership", "7", *by, "--reason", "退会", env=env)
    ended = await bot(
        "enterprises", "end-membership", str(joined), *by, "--reason", "退会", env=env
    )
    again = await bot(
        "enterprises", "end-membership", str(joined), *by, "--reason", "退会", env=env
    )

    assert "还不是会员" in bare.text
    assert renamed.text == "已更名\n"
    assert "晨星集团有限公司" in shown.text
    assert str(joined) in shown.text
    assert [said.code for said in (odd, ended, again)] == [1, 0, 1]
    assert (await Enterprise.get(id=one)).name == "晨星集团有限公司"
    assert (await Membership.get(id=joined)).end_reason == "退会"


async def test_a_holder_is_listed_suspended_and_removed_by_command(env):
    who, one = await people.member(), await people.enterprise(credit_code="91350100M000100Y43")
    binding = str(await people.bind(who.user_id, one))
    why = ("--by", "周敏", "--reason", "本人来电")

    suspended = await bot("bindings", "suspend", binding, *why, env=env)
    removed = await bot("bindings", "remove", binding, *why, env=env)
    again = await bot("bindings", "remove", binding, *why, env=env)
    none = await bot("bindings", "of", people.code(7), env=env)
    columns = await bot("roster", "columns", env=env)

    assert (suspended.code, removed.code, again.code, none.code) == (0, 0, 1, 1)
    assert await bindings.bound(who, now=NOW) == ()
    assert "必须有：统一社会信用代码" in columns.text
