"""The callback path against a bare handler (B), and the codec alone against wechatpy's."""

import argparse
import asyncio
import itertools
import os
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import uvloop
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import TextReply, deserialize_reply

from bot.clients.wechat_crypto import Codec
from bot.config import SANDBOX_AES_KEY, SANDBOX_APPID, SANDBOX_TOKEN
from tests.bench.bare import ANSWER as BARE_ANSWER
from tests.bench.cycles import ACCOUNT_ID, CYCLES, Callback, make_callback, make_callbacks
from tests.bench.load import as_request, ask, burst, connect, listening
from tests.bench.paired import (
    LOAD_CORE,
    PAIRS,
    SERVER_CORE,
    Side,
    compare,
    cpu_seconds,
    now,
    pin,
    report,
    server,
)

PRODUCT = (sys.executable, "-m", "bot", "web")
PATH = "/hooks/wechat/oa"
SECONDS = 1.0
CODEC_GOAL = 0.45  # × wechatpy; in time it is told only, the gate counts instructions
GOALS = {"帮助": ("answer without an effect", 4.0), "你好": ("durable effect", 7.0)}


@dataclass(frozen=True, slots=True)
class Account:
    codec: Codec
    peer: WeChatCrypto  # not our code: it checks the answers

    @classmethod
    def of(cls, appid: str, token: str, aes_key: str) -> "Account":
        codec = Codec(appid=appid, token=token, aes_key=aes_key)
        return cls(codec, WeChatCrypto(token, aes_key, appid))


class Sender:
    """Makes messages that nobody has seen before, as many as a burst can use."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._numbers = itertools.count(now() * 100_000)

    def callbacks(self, text: str, count: int) -> list[Callback]:
        at, codec = now(), self._account.codec
        return [
            make_callback(codec, next(self._numbers), text=text, at=at, account_id=ACCOUNT_ID)
            for _ in range(count)
        ]


def http_side(name: str, pid: int, url: str, sender: Sender, text: str, starts: bytes) -> Side:
    """A server under load with one kind of message; enough of them, made before the burst."""
    enough = 4_000

    async def prepare() -> Callable[[], Awaitable[int]]:
        requests = [as_request(url, callback) for callback in sender.callbacks(text, enough)]
        connections = await connect(url)
        await asyncio.sleep(0.05)  # accepting belongs to no request

        async def work() -> int:
            nonlocal enough
            done = await burst(connections, requests, starts=starts, seconds=SECONDS)
            if done.wrong:
                raise RuntimeError(f"{name}: {done.wrong} of {done.answered} answers were wrong")
            enough = int(done.answered / done.seconds * SECONDS * 1.3) + 500
            return done.answered

        return work

    return Side(name, lambda: cpu_seconds(pid), prepare)


def codec_side(name: str) -> Side:
    cycle, callbacks = CYCLES[name](), make_callbacks(2_000)

    async def work() -> int:
        for callback in callbacks:
            cycle(callback)
        return len(callbacks)

    async def prepare() -> Callable[[], Awaitable[int]]:
        return work

    return Side(name, time.process_time, prepare)


async def check(url: str, account: Account, sender: Sender, text: str) -> None:
    """Before any timing: the reply opens and goes to its asker; a forged signature is refused."""
    callback, forged = sender.callbacks(text, 2)
    forged.query["msg_signature"] = "0" * 40
    answer, refusal = await ask(url, [as_request(url, c) for c in (callback, forged)])
    if answer.status != 200 or not 400 <= refusal.status < 500:
        raise RuntimeError(f"{url}: {answer.status} for a message, {refusal.status} for a forgery")
    signature, timestamp, nonce = (
        answer.body.partition(f"<{name}>".encode())[2].partition(b"</")[0].decode()
        for name in ("MsgSignature", "TimeStamp", "Nonce")
    )
    signature, nonce = (word[len("<![CDATA[") : -len("]]>")] for word in (signature, nonce))
    plain = account.peer.decrypt_message(answer.body.decode(), signature, timestamp, nonce)
    reply = deserialize_reply(plain)
    if not isinstance(reply, TextReply) or not reply.content:
        raise RuntimeError(f"{url}: {text} was answered with {parse_message(plain)!r}")
    if (reply.target, nonce) != (callback.query["openid"], callback.query["nonce"]):
        raise RuntimeError(f"{url}: the answer went to {reply.target}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def product() -> Iterator[tuple[int, str]]:
    """The product's web process, one of it, on an embedded database of its own."""
    from tests.engines import TEMPLATE, Engines

    engines = Engines(settings={})  # commits as durable as in production
    try:
        engines.announce()
        port = free_port()
        with tempfile.TemporaryDirectory() as state:
            env = {
                "CREDIT_STATE_DIR": state,
                "CREDIT_DATABASE_URL": engines.postgres.url_of(TEMPLATE),
                "CREDIT_REDIS_URL": engines.valkey.url,
                "CREDIT_WEB_PORT": str(port),
                "CREDIT_WEB_PROCESSES": "1",
                "CREDIT_METRICS_PORT": str(free_port()),
            }
            with server(PRODUCT, env) as pid:
                yield pid, f"http://127.0.0.1:{port}{PATH}"
    finally:
        engines.stop()


async def run(options: argparse.Namespace, pid: int, url: str, base_pid: int, base: str) -> bool:
    account = Account.of(options.appid, options.token, options.aes_key)
    sender = Sender(account)
    for address in (base, url):
        await listening(address)
    fine = True
    for text, (name, goal) in GOALS.items():
        await check(url, account, sender, text)
        bare = http_side("bare", base_pid, base, sender, text, BARE_ANSWER)
        target = http_side("target", pid, url, sender, text, b"<xml><Encrypt>")
        result = await compare(bare, target, options.pairs)
        fine &= report(f"{name} ({text})", result, goal=goal, unit="B")
    return fine


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    os.sched_setaffinity(0, {LOAD_CORE})  # inherited by the database: it shares the load's core
    codecs = asyncio.run(compare(codec_side("wechatpy"), codec_side("ours"), options.pairs))
    report("codec in time", codecs, goal=CODEC_GOAL, unit="x wechatpy")
    with ExitStack() as stack:
        if options.url:
            pid, url = options.pid, options.url
            pin(pid, SERVER_CORE)
        else:
            pid, url = stack.enter_context(product())
        port = free_port()
        bare = (sys.executable, "-m", "tests.bench.bare", str(port))
        base_pid = stack.enter_context(server(bare))
        fine = uvloop.run(run(options, pid, url, base_pid, f"http://127.0.0.1:{port}{PATH}"))
    return 0 if fine else 1


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="callback", description=__doc__)
    parser.add_argument("--url", help="a server that runs already, instead of the product's own")
    parser.add_argument("--pid", type=int, help="its process; children are counted too")
    parser.add_argument("--appid", default=SANDBOX_APPID)
    parser.add_argument("--token", default=SANDBOX_TOKEN)
    parser.add_argument("--aes-key", default=SANDBOX_AES_KEY)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    options = parser.parse_args(arguments)
    if bool(options.url) != bool(options.pid):
        parser.error("--url and --pid go together")
    return options
