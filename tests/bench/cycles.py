"""One whole callback cycle, ours and wechatpy's: open, read, answer with text, seal."""

import os
import select
import sys
from collections.abc import Callable
from typing import NamedTuple

from bot.clients.wechat_crypto import Codec
from bot.clients.wechat_messages import read, text_reply

APPID = "wxba5fad812f8e6fb9"
TOKEN = "AAAAA"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ACCOUNT_ID = "gh_97417a04a28d"
NOW = 1714112445
WARM_UP, MEASURED = 20, 100
ANSWER = "您好！回复“进度”查看申请进度，回复“证书”查看您的信用证书。"
MESSAGE = (
    "<xml><ToUserName><![CDATA[{account_id}]]></ToUserName>"
    "<FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{at}</CreateTime>"
    "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>"
    "<MsgId>{number}</MsgId></xml>"
)
ENVELOPE = b"<xml><ToUserName><![CDATA[%b]]></ToUserName><Encrypt><![CDATA[%b]]></Encrypt></xml>"


class Callback(NamedTuple):
    body: bytes
    query: dict[str, str]


def make_callback(codec: Codec, number: int, *, text: str, at: int, account_id: str) -> Callback:
    """Seal one text message the way WeChat does; its MsgId and sender follow from the number."""
    openid = f"o9AgO5Kd5ggOC{number:015d}"
    plain = MESSAGE.format(
        account_id=account_id, openid=openid, at=at, text=text, number=24571563425563452 + number
    )
    encrypted = codec.encrypt(plain.encode())
    timestamp, nonce = str(at), str(415670741 + number)
    query = {
        "signature": codec.sign(timestamp.encode(), nonce.encode()),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": openid,
        "encrypt_type": "aes",
        "msg_signature": codec.sign(timestamp.encode(), nonce.encode(), encrypted),
    }
    return Callback(ENVELOPE % (account_id.encode(), encrypted), query)


def ours() -> Callable[[Callback], bytes]:
    codec = Codec(appid=APPID, token=TOKEN, aes_key=AES_KEY)

    def cycle(callback: Callback) -> bytes:
        message = read(codec.open(callback.body, callback.query, now=NOW))
        reply = text_reply(message, ANSWER, at=NOW)
        return codec.seal(reply, nonce=callback.query["nonce"], timestamp=NOW)

    return cycle


def wechatpy() -> Callable[[Callback], bytes]:
    from wechatpy import create_reply, parse_message
    from wechatpy.crypto import WeChatCrypto

    crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)

    def cycle(callback: Callback) -> bytes:
        query = callback.query
        plain = crypto.decrypt_message(
            callback.body, query["msg_signature"], query["timestamp"], query["nonce"]
        )
        reply = create_reply(ANSWER, parse_message(plain), render=True)
        sealed: str = crypto.encrypt_message(reply, query["nonce"], str(NOW))
        return sealed.encode()

    return cycle


CYCLES = {"ours": ours, "wechatpy": wechatpy}


def make_callbacks(count: int) -> list[Callback]:
    sender = Codec(appid=APPID, token=TOKEN, aes_key=AES_KEY)
    return [
        make_callback(sender, n, text="年审提醒什么时候发？", at=NOW, account_id=ACCOUNT_ID)
        for n in range(count)
    ]


def wait_for_the_counter() -> None:
    """Say that everything is read, and go on with the first line that is told. Not asleep, since
    valgrind listens to whoever begins the counting only while we do something."""
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        pass


def main() -> None:
    """Answer the same messages with each codec, with a call of `getppid` around each turn."""
    callbacks = make_callbacks(WARM_UP + MEASURED)
    cycles = [make() for make in CYCLES.values()]
    for cycle in cycles:
        for callback in callbacks[:WARM_UP]:
            cycle(callback)
    wait_for_the_counter()
    os.getppid()
    for cycle in cycles:
        for callback in callbacks[WARM_UP:]:
            cycle(callback)
        os.getppid()


if __name__ == "__main__":
    main()
