"""Two npm codecs as WeChat, through the door: their pushes are taken, and they open our answers."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest

from bot.config import SANDBOX_AES_KEY, SANDBOX_APPID, SANDBOX_TOKEN
from bot.handlers.wechat.words import WORDS
from models import InboundMessage
from tests.conftest import NOW
from tests.wechat_peer import text

SCRIPT = Path(__file__).parents[1] / "unit" / "peers" / "wechat_crypto.cjs"
WHEN, NONCE = str(int(NOW.timestamp())), "415670741"
ALICE = "oAlice0000000000000000000001"


async def npm(*, opens: list[dict] = (), seals: list[dict] = ()) -> dict:
    node = shutil.which("node")
    assert node
    process = await asyncio.create_subprocess_exec(
        node, "--no-deprecation", SCRIPT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    asked = {
        "token": SANDBOX_TOKEN, "key": SANDBOX_AES_KEY, "appid": SANDBOX_APPID,
        "opens": list(opens), "seals": list(seals),
    }  # fmt: skip
    said, _ = await process.communicate(json.dumps(asked).encode())
    return json.loads(said)


@pytest.mark.parametrize("peer", ["wechat-crypto", "@wecom/crypto"])
async def test_a_push_sealed_by_another_is_answered_and_the_answer_opens_there(client, peer):
    xml = text(ALICE, "你好", number=1, at=NOW)
    sealing = await npm(seals=[{"plain": xml, "timestamp": WHEN, "nonce": NONCE}])
    [push] = sealing[peer]["sealed"]
    query = {
        "timestamp": WHEN, "nonce": NONCE, "encrypt_type": "aes",
        "msg_signature": push["signature"],
    }  # fmt: skip
    body = f"<xml><Encrypt><![CDATA[{push['encrypted']}]]></Encrypt></xml>"

    answer = await client.post("/hooks/wechat/oa", params=query, data=body.encode())
    reply = await answer.text()

    assert answer.status == 200, reply
    found = dict(re.findall(r"<(Encrypt|MsgSignature|TimeStamp)>(?:<!\[CDATA\[)?([^\]<]+)", reply))
    sealed = {"encrypted": found["Encrypt"], "timestamp": found["TimeStamp"], "nonce": NONCE}
    [opened] = (await npm(opens=[sealed]))[peer]["opened"]
    assert opened["signature"] == found["MsgSignature"]
    assert opened["appid"] == SANDBOX_APPID
    assert f"<![CDATA[{WORDS['greeting']}]]>" in opened["plain"]
    assert await InboundMessage.all().count() == 1
