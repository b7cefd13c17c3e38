"""`documents` at the command line: keys are made, listed, and what they sealed is recognised."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from tortoise.transactions import in_transaction

from bot.clients import fonts, seals
from bot.clients.signer import FileSigner
from bot.config import Config
from bot.deps import open_press
from bot.domain.actors import Staff
from bot.domain.reports import ANNEXES, CONTENTS
from bot.scoring.library import shipped_programmes
from bot.services import (
    certificate_signing,
    certificates,
    credit_reports,
    paper_samples,
    rare_texts,
)
from bot.services.certificate_bases import Basis
from bot.services.paper_samples import Asked
from bot.services.signing_keys import Issuer
from models import Enterprise
from tests import people
from tests.conftest import NOW
from tests.product import settings
from tests.service.test_commands import bot
from tests.service.test_paper_making import text_of
from tests.specimens import CERTIFICATE, ISSUER

BASE = "https://cx.example.org.cn"
TWO = Basis("demonstration", by="王芳", second="李强", reason="演示")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return settings(tmp_path, DATABASE_URL="", REDIS_URL="")


async def test_a_key_is_made_listed_and_recognised_by_what_it_sealed(env, tmp_path):
    assert (await bot("documents", "keys", env=env)).text.startswith("还没有印章密钥")

    made = await bot("documents", "key", ISSUER, env=env)
    listed = await bot("documents", "keys", env=env)

    folder = Path(env["CREDIT_STATE_DIR"]) / "seals"
    (key,) = seals.listed(folder)
    assert (made.code, made.text.splitlines()[0].startswith(f"已做好 {key.name}")) == (0, True)
    assert [key.name in listed.text, ISSUER in listed.text, key.fingerprint in listed.text] == [
        True
    ] * 3

    press = open_press(Config(state_dir=folder.parent), lambda: key.since)
    now = key.since + timedelta(minutes=10)
    sealed = tmp_path / "sealed.pdf"
    sealed.write_bytes((await press.make(CERTIFICATE, at=NOW, now=now)).pdf)
    press.close()
    good = await bot("documents", "check", str(sealed), env=env)
    sealed.write_bytes(sealed.read_bytes() + b" ")
    bad = await bot("documents", "check", str(sealed), env=env)

    assert (good.code, good.text.strip()) == (0, "印章有效，签后没有改动")
    assert (bad.code, "不可信" in bad.text) == (1, True)


async def test_a_sample_of_every_kind_is_made_and_says_that_it_is_one(env, tmp_path):
    """The report is drawn from the example that is best, by the same hand as a real one."""
    day = date(2026, 3, 2)
    press = open_press(Config(state_dir=tmp_path), lambda: NOW)
    made = {
        kind: text_of((await press.make(draw(Asked(day, BASE)), at=NOW, now=NOW)).pdf)
        for kind, draw in paper_samples.kinds().items()
    }
    press.close()
    out = tmp_path / "notice.pdf"
    written = await bot("documents", "sample", "notice", "--out", str(out), env=env)
    odd = await bot("documents", "sample", "letters", "--out", str(out), env=env)
    no_picture = await bot("documents", "sample", "report", "--out", f"{out}.png", env=env)

    programmes = {one.id for one in shipped_programmes()}
    assert set(made) == programmes | {"plaque", "letter", "report", "notice"}
    assert [kind for kind, text in made.items() if "示范文本" not in text] == []
    assert "满分100" in made["report"]
    assert all(name in made["report"] for name in (*CONTENTS, *ANNEXES))
    assert (written.text, out.read_bytes()[:5]) == (f"已写到 {out}\n", b"%PDF-")
    assert (odd.code, "可以是：commitment" in odd.text) == (1, True)
    assert (no_picture.code, "没有图片" in no_picture.text) == (1, True)


async def test_a_report_comes_with_a_certificate_and_verified_points(db, redis_url, env, tmp_path):
    env |= {"CREDIT_DATABASE_URL": db, "CREDIT_REDIS_URL": redis_url}
    one = await people.enterprise("晨星科技有限公司")
    code = (await Enterprise.get(id=one)).credit_code
    out = tmp_path / "report.pdf"
    asked = ("documents", "report", code, "--out", str(out))
    early = await bot(*asked, env=env)
    async with in_transaction():
        issued = await certificates.issue(
            enterprise_id=one, programme="credit-rating", level="AAA", basis=TWO,
            actor=Staff("王芳"), now=NOW,
        )  # fmt: skip
    issuer = Issuer(FileSigner(tmp_path / "keys"), BASE, production=False)
    await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
    report = await credit_reports.of_enterprise(one, base=BASE, production=False, now=NOW)

    assert (early.code, "还不能出具报告" in early.text) == (1, True)
    assert (report.number, report.name, report.level) == (issued.number, "晨星科技有限公司", "AAA")
    assert report.demonstration
    assert report.score == "0（满分 100）"  # nothing is known of it, and the tables say so
    assert {row[3] for row in report.chapters[0].tables[0].rows} == {"没有依据"}


async def test_names_that_no_font_has_are_listed_and_settled(db, redis_url, env):
    env |= {"CREDIT_DATABASE_URL": db, "CREDIT_REDIS_URL": redis_url}
    one = await people.enterprise("吉祥𠮷有限公司")
    await rare_texts.look([(one, "吉祥𠮷有限公司")], fonts.reader(Path("nowhere")), now=NOW)
    [row] = await rare_texts.listed()
    listed = await bot("documents", "rare", "list", env=env)
    settle = ("documents", "rare", "settle", str(row.id), "--by", "王芳", "--why", "企业来函")
    unchanged = await bot(*settle, env=env)
    settled = await bot(*settle, "--written", "吉祥〓有限公司", env=env)
    after = await bot("documents", "rare", "list", env=env)

    assert "吉祥𠮷有限公司" in listed.text
    assert "缺 “𠮷” U+20BB7" in listed.text
    assert (unchanged.code, "打印用的字体里没有 “𠮷”" in unchanged.text) == (1, True)
    assert settled.text == "已处理：吉祥𠮷有限公司 印成 吉祥〓有限公司\n"
    assert after.text == "没有缺字的名称\n"


async def test_in_development_an_issuer_gets_its_first_key_by_itself(tmp_path):
    press = open_press(Config(state_dir=tmp_path), lambda: NOW)

    made = [await press.make(CERTIFICATE, at=NOW, now=NOW) for _ in range(2)]
    press.close()

    assert [key.owner for key in seals.listed(tmp_path / "seals")] == [ISSUER]
    assert made[0].png == made[1].png


async def test_in_production_nothing_is_sealed_before_somebody_made_a_key(tmp_path):
    press = open_press(Config(state_dir=tmp_path, mode="production"), lambda: NOW)

    with pytest.raises(seals.NoSealKeyError, match=f"请先运行 ./run documents key {ISSUER}"):
        await press.make(CERTIFICATE, at=NOW, now=NOW)
    press.close()

    assert seals.listed(tmp_path / "seals") == ()


def test_an_application_without_a_folder_has_no_press():
    assert open_press(Config(), lambda: NOW) is None
