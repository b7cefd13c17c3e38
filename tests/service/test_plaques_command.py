"""`plaques` as the staff use it: listed without an address, opened by name, sent once."""

from pathlib import Path
from uuid import UUID

import pytest
from tortoise.transactions import in_transaction

from bot.clients.signer import FileSigner
from bot.config import Config
from bot.deps import open_vault
from bot.domain.actors import Staff
from bot.domain.papers import Address, OrderState
from bot.services import certificate_signing, certificates, plaques
from bot.services.certificate_bases import Basis
from bot.services.signing_keys import Issuer
from models import AuditEntry, PlaqueOrder
from tests import people
from tests.conftest import NOW
from tests.product import settings
from tests.service.test_commands import bot
from tests.service.test_commitments import holder

VAULT = open_vault(Config())
WHERE = Address("李秀英", "13900139000", "浙江省杭州市余杭区文一西路 969 号")


@pytest.fixture
def env(db: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)


async def ordered(keys: Path) -> UUID:
    one = await people.enterprise("晨星科技有限公司")
    owner = await holder(one)
    async with in_transaction():
        made = await certificates.issue(
            enterprise_id=one, programme="credit-evaluation", level="AAA",
            basis=Basis("demonstration", by="王芳", second="李强", reason="演示"),
            actor=Staff("王芳"), now=NOW,
        )  # fmt: skip
    issuer = Issuer(FileSigner(keys), "https://cx.example.org.cn", production=False)
    await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
    return (await plaques.order(one, made.number, WHERE, actor=owner, vault=VAULT, now=NOW)).id


async def test_an_order_is_listed_opened_by_name_and_sent(env, tmp_path):
    number = str(await ordered(tmp_path / "keys"))

    listed = await bot("plaques", "list", env=env)
    opened = await bot("plaques", "address", number, "--by", "周敏", env=env)
    parcel = ("--carrier", "顺丰", "--parcel", "SF1234567890", "--by", "周敏")
    sent = await bot("plaques", "sent", number, *parcel, env=env)
    again = await bot("plaques", "sent", number, *parcel, env=env)
    after = await bot("plaques", "list", env=env)

    assert (number in listed.text, "13900139000" in listed.text) == (True, False)
    assert opened.text == "李秀英  13900139000\n浙江省杭州市余杭区文一西路 969 号\n"
    assert (await AuditEntry.get(action="plaque.address_read")).actor == "周敏"
    assert (sent.code, sent.text) == (0, "已登记寄出\n")
    assert (again.code, "已经处理过了" in again.text) == (1, True)
    assert after.text == "没有要寄的牌匾\n"
    row = await PlaqueOrder.get(id=UUID(number))
    assert (row.state, row.carrier, row.parcel) == (OrderState.SENT, "顺丰", "SF1234567890")


async def test_artwork_that_is_not_made_yet_and_a_wrong_number_are_told(env, tmp_path):
    number = str(await ordered(tmp_path / "keys"))

    early = await bot("plaques", "artwork", number, "--to", str(tmp_path / "a.pdf"), env=env)
    odd = await bot("plaques", "address", "7", "--by", "周敏", env=env)
    nobody = await bot("plaques", "address", number, "--by", " ", env=env)

    assert (early.code, "正在生成" in early.text) == (1, True)
    assert not (tmp_path / "a.pdf").exists()
    assert "编号不对" in odd.text
    assert "请写明经办人" in nobody.text
