"""Certificates and keys at the command line: what staff type, and what they are told."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.clients.database import fetch
from bot.clients.signer import NoPrivateKeyError
from bot.config import Config
from bot.deps import open_issuer, open_verifier
from bot.domain.content_checks import Place
from bot.domain.signing_keys import Purpose
from bot.services import content_checks, signing_keys
from models import Certificate, CheckState, ContentCheck, Enterprise, FakeReport
from models.ids import new_id
from tests import people, waiting
from tests.conftest import NOW
from tests.service.test_certificates import made
from tests.service.test_commands import bot, env  # noqa: F401  # a fixture

WHO = ("--by", "王芳", "--second", "李强", "--reason", "演示")
ALONE = ("--by", "王芳", "--reason", "已核对")
BAD = "✗"


async def issued(env, *more: str) -> str:  # noqa: F811
    enterprise = await Enterprise.get(id=await people.enterprise("晨星科技有限公司"))
    said = await bot(
        "certificates", "issue", "--enterprise", enterprise.credit_code, "--programme",
        "credit-evaluation", "--level", "AAA", *(more or WHO), env=env,
    )  # fmt: skip
    return said.text


async def test_a_certificate_from_issuing_to_revoking(env):  # noqa: F811
    told = await issued(env)
    url = told.split("二维码：")[1].strip()
    number = told.partition("已签发 ")[2].partition("：")[0]
    valid = await bot("certificate", "check", url, env=env)
    forged = await bot("certificate", "check", url[:-4] + "AAAA", env=env)
    path, token = url[url.index("/v/") :], url.partition("?t=")[2]
    halves = [
        await bot("certificate", "check", *given, env=env)
        for given in ((path,), (number, token), (token,), (number,))
    ]
    change = ("certificates", "{}", number, "--reason-class")
    paused = await bot(*[w.format("suspend") for w in change], "under_check", *WHO, env=env)
    resumed = await bot(*[w.format("resume") for w in change], "cleared", *WHO, env=env)
    wrong = await bot(*[w.format("revoke") for w in change], "renamed", *WHO, env=env)
    alone = await bot(
        *[w.format("revoke") for w in change], "misuse", "--by", "王芳", "--second", "王芳",
        "--reason", "演示", env=env,
    )  # fmt: skip
    revoked = await bot(*[w.format("revoke") for w in change], "misuse", *WHO, env=env)
    checked = await bot("certificate", "check", url, env=env)
    shown = await bot("certificates", "show", number, env=env)
    listed = await bot("certificates", "list", env=env)

    assert (valid.code, valid.text.splitlines()[0]) == (
        0, "有效：签名正确，在有效期内，没有暂停或撤销。",
    )  # fmt: skip
    assert [(one.code, one.text[:2]) for one in halves] == [(0, "有效")] * 4
    assert (forged.code, forged.text.startswith("签名不符")) == (1, True)
    assert (paused.text.strip(), resumed.text.strip()) == (
        f"{number} 已暂停", f"{number} 有效",
    )  # fmt: skip
    assert (wrong.code, "原因类别不对" in wrong.text) == (1, True)
    assert (alone.code, "两位不同" in alone.text) == (1, True)
    assert revoked.text.strip() == f"{number} 已撤销"
    assert (checked.code, "冒用或转借证书" in checked.text) == (1, True)
    assert shown.text.count("王芳、李强") == 4
    assert number in listed.text


async def test_two_that_issue_at_once_leave_one_that_lives(env, emptier):  # noqa: F811
    one = await Enterprise.get(id=await people.enterprise("晨星科技有限公司"))
    command = ("certificates", "issue", "--enterprise", one.credit_code, "--programme")
    held = emptier.transaction()
    await held.start()
    await emptier.execute("SELECT 1 FROM enterprise WHERE id = $1 FOR UPDATE", one.id)
    both = [
        asyncio.create_task(bot(*command, "credit-evaluation", "--level", level, *WHO, env=env))
        for level in ("AAA", "AA")
    ]
    await waiting.until(_both_wait, "both wait for the enterprise")
    await held.commit()

    said = [await run for run in both]

    assert [one.code for one in said] == [0, 0]
    states = await Certificate.all().order_by("state").values_list("state", flat=True)
    assert states == ["active", "superseded"]


async def _both_wait() -> bool:
    rows = await fetch(
        "SELECT DISTINCT pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database()"
    )
    return len(rows) == 2


async def test_review_rename_and_withdrawal_have_their_commands(env):  # noqa: F811
    told = await issued(env)
    number = told.partition("已签发 ")[2].partition("：")[0]
    early = await bot("certificates", "review", number, *ALONE, env=env)
    nearly_a_year_ago = datetime.now(UTC) - timedelta(days=330)
    older = (await made(now=nearly_a_year_ago)).number
    holder = (await Certificate.get(number=older)).enterprise_id
    await people.join(holder, until=date(9999, 12, 31))
    reviewed = await bot("certificates", "review", older, *ALONE, env=env)
    same = await bot("certificates", "rename", number, *ALONE, env=env)
    none = await bot("certificates", "outdated", env=env)
    await people.rename((await Certificate.get(number=number)).enterprise_id, "新名称科技有限公司")
    outdated = await bot("certificates", "outdated", env=env)
    renamed = await bot("certificates", "rename", number, *ALONE, env=env)
    new = renamed.text.partition("已换发 ")[2].partition("：")[0]
    after = await bot("certificates", "outdated", env=env)
    ended = await bot(
        "certificates", "withdraw", new, "--reason-class", "on_request", *WHO, env=env
    )

    assert (early.code, "现在还不到年审的时间" in early.text) == (1, True)
    assert f"{older} 年审通过，下次年审在" in reviewed.text
    assert (same.code, "没有变化" in same.text) == (1, True)
    assert "没有写着旧名称的证书" in none.text
    assert (number in outdated.text, older in outdated.text) == (True, False)
    assert "晨星科技有限公司" in outdated.text
    assert "新名称科技有限公司" in outdated.text
    assert "新名称科技有限公司" in renamed.text
    assert "没有写着旧名称的证书" in after.text
    assert ended.text.strip() == f"{new} 已注销"


@pytest.mark.parametrize(
    "words",
    [
        ("--by", "王芳", "--second", "王芳", "--reason", "演示"),
        ("--by", "王芳", "--second", "李强", "--reason", " "),
    ],
)
async def test_a_demonstration_needs_two_people_and_a_reason(env, words):  # noqa: F811
    assert BAD in await issued(env, *words)
    assert await Certificate.all().count() == 0


async def test_keys_are_made_rotated_stolen_and_listed(env):  # noqa: F811
    await issued(env)
    who = ("--by", "甲", "--reason", "演练")
    made = await bot("keys", "make", *who, "--for", "status", env=env)
    alone = await bot("keys", "make", *who, env=env)
    rotated = await bot("keys", "rotate", *who, "--second", "乙", env=env)
    stolen = await bot(
        "keys", "compromise", "1", "--from", "2026-01-01T00:00", *who, "--second", "乙", env=env
    )
    again = await bot("certificates", "resign", env=env)
    vouched = await bot("certificates", "resign", "--vouched-by", "甲，乙", env=env)
    listed = await bot("keys", "list", env=env)
    nonsense = await bot(
        "keys", "compromise", "1", "--from", "昨天", *who, "--second", "乙", env=env
    )

    assert "已生成 2 号密钥（status）" in made.text
    assert (alone.code, "两位不同的工作人员" in alone.text) == (1, True)
    assert "现在用 3 号密钥签名（certificate）" in rotated.text
    assert "1 号密钥从 2026-01-01 00:00 起不再采信" in stolen.text
    assert ("重新签名 0 张" in again.text, "还有 1 张" in again.text) == (True, True)
    assert "重新签名 1 张" in vouched.text
    assert [line.split()[2] for line in listed.text.splitlines() if "测试" in line] == [
        "失窃", "使用中", "使用中",
    ]  # fmt: skip
    assert nonsense.code == 2


async def test_reports_of_fakes_wait_for_staff(env):  # noqa: F811
    empty = await bot("certificates", "reports", "list", env=env)
    missing = await bot(
        "certificates", "reports", "close", "JB1", "--by", "王芳", "--outcome", "属实", env=env
    )

    photo = await bot(
        "certificates", "reports", "photo", "JB1", "--to", "x.jpg", "--by", "王芳", "--reason",
        "核实", env=env,
    )  # fmt: skip

    assert empty.text.strip() == "没有待处理的举报"
    assert (photo.code, "没有这个举报" in photo.text) == (1, True)
    assert (missing.code, "没有这个待处理的举报" in missing.text) == (1, True)


async def test_a_covered_report_says_why_and_is_unfolded_by_name(env):  # noqa: F811
    many = [
        FakeReport(
            id=new_id(NOW + timedelta(seconds=n)), ticket=f"JB{n}", place=f"展会{n}", words="假的",
            photo_type="image/png" if n else "", created_at=NOW + timedelta(seconds=n),
        )
        for n in range(3)
    ]  # fmt: skip
    for row in many:
        await row.save(force_create=True)
        await content_checks.text(row.words, **about(row))
    await content_checks.picture(many[2].id, **about(many[2]))
    await ContentCheck.filter(subject=many[0].id).update(state=CheckState.REJECTED, label=20003)
    await ContentCheck.filter(file_id=many[2].id).update(state=CheckState.REJECTED, label=20002)
    listed = await bot("certificates", "reports", "list", env=env)
    by = ("--by", "王芳", "--reason")

    words = await bot("certificates", "reports", "words", "JB0", *by, "核实", env=env)
    without = await bot("certificates", "reports", "words", "JB0", *by, " ", env=env)

    assert listed.text.splitlines() == [
        "JB0  2026-03-02 09:30",
        "    （微信判为含有辱骂内容，没有展开；要看请用 reports words）",
        "JB1  2026-03-02 09:30    展会1",
        "    假的",
        "    （有照片）",
        "JB2  2026-03-02 09:30    展会2",
        "    假的",
        "    （有照片：微信判为含有色情内容）",
        "共 3 件",
    ]
    assert words.text == "地点：展会0\n说明：假的\n"
    assert (without.code, "请写明原因" in without.text) == (1, True)


def about(row: FakeReport) -> dict[str, Any]:
    return {"place": Place.REPORT, "subject": row.id, "openid": "", "now": NOW}


async def test_doctor_looks_at_the_keys_that_sign(env, tmp_path):  # noqa: F811
    await issued(env)
    sound = await bot("doctor", env=env)
    [private] = tmp_path.rglob("1.pem")
    private.chmod(0o644)

    said = await bot("doctor", env=env)

    assert "✓ 签发密钥" in sound.text
    assert "✓ 印章密钥" in sound.text
    assert f"✗ 签发密钥：{private} 别人也能读" in said.text


async def test_doctor_tells_what_the_pages_could_sign_certificates_with(env, tmp_path):  # noqa: F811
    await issued(env)
    await bot("keys", "rotate", *WHO, env=env)
    pages, own = tmp_path / "keys", tmp_path / "certificate-keys"
    own.rename(pages)  # as they were kept before

    first = await bot("doctor", env=env)
    moved = [path.name for path in own.iterdir()]
    (pages / "1.pem").rename(own / "1.pem")
    own.chmod(0o755)
    open_to_all = await bot("doctor", env=env)
    own.chmod(0o700)
    sound = await bot("doctor", env=env)

    assert f"请移走：mv {pages / '1.pem'} {own}/" in first.text
    assert moved == ["2.pem"]  # the one that signs moves by itself
    assert f"chmod 700 {own}" in open_to_all.text
    assert "✓ 签发密钥" in sound.text


async def test_the_pages_open_no_key_of_certificates(db, tmp_path):
    config = Config.read({"CREDIT_STATE_DIR": str(tmp_path)})
    async with open_verifier(config, lambda: NOW, "") as verifier:
        issuer = verifier.register._issuer

    await signing_keys.open_newest(Purpose.STATUS, issuer=issuer, now=NOW)
    with pytest.raises(NoPrivateKeyError, match="不签发证书"):
        await signing_keys.open_newest(Purpose.CERTIFICATE, issuer=issuer, now=NOW)
    await signing_keys.open_newest(Purpose.CERTIFICATE, issuer=open_issuer(config), now=NOW)
    with pytest.raises(NoPrivateKeyError, match="不签发证书"):
        await signing_keys.open_newest(Purpose.CERTIFICATE, issuer=issuer, now=NOW)
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["1.pem"]
    assert [path.name for path in (tmp_path / "certificate-keys").iterdir()] == ["2.pem"]
