"""Carries messages and events to the account's callback: five seconds, three attempts, no more."""

import asyncio
import json
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import aiohttp

from bot.sandbox import crypto, replies, xml
from bot.sandbox.accounts import ORIGINAL_ID, Account
from bot.sandbox.bell import Bell
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger, stamp, text
from bot.sandbox.replies import GOOD, Judgement, Reply, Verdict

BROKEN = "该公众号提供的服务出现故障，请稍后再试"
ATTEMPTS = 3
LARGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Callback:
    """Where an account listens, under which keys, and how long WeChat waits for it."""

    url: str
    keys: crypto.Keys
    clock: Callable[[], datetime]
    answer_within_s: float


@dataclass(frozen=True, slots=True)
class Push:
    """One message or event; `awaited` ones show an answer, or that none came."""

    id: int
    openid: str
    body: str
    """XML or, when it begins with a brace, JSON."""
    awaited: bool
    account: Account = Account.SERVICE


@dataclass(frozen=True, slots=True)
class Attempt:
    copy: int
    number: int
    at: str
    timestamp: str
    nonce: str
    status: int | None
    verdict: Verdict
    detail: str
    took_ms: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a push ended, as the control interface tells it."""

    push_id: int
    outcome: str
    attempts: tuple[Attempt, ...]
    reply: Reply | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Deliveries:
    """Delivers, holds what runs in the background, and writes down each attempt."""

    def __init__(
        self,
        callbacks: Mapping[Account, Callback],
        *,
        ledger: Ledger,
        faults: Faults,
        bell: Bell,
    ) -> None:
        self._callbacks = callbacks
        self._clock = callbacks[Account.SERVICE].clock
        self._ledger = ledger
        self._faults = faults
        self._bell = bell
        self._running: set[asyncio.Task[Any]] = set()
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """On the running loop, before the first delivery."""
        within_s = self._callbacks[Account.SERVICE].answer_within_s
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=within_s),
            headers={"User-Agent": "Mozilla/4.0"},
            cookie_jar=aiohttp.DummyCookieJar(),
            # WeChat's pushes come from many machines; none waits for another one.
            connector=aiohttp.TCPConnector(limit=0),
        )

    async def close(self) -> None:
        await self.stop()
        if self._session:
            await self._session.close()

    def later(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def settle(self) -> None:
        """Until nothing is under way, what was caused meanwhile included."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await self.settle()

    async def deliver(self, push: Push) -> Outcome:
        """Bring a push to the account, show what it answers, and tell how it went."""
        fault = self._faults.for_delivery()
        if fault and fault.delay_s:
            await self._faults.hold(fault.delay_s)
        copies = 1 + (fault.duplicate if fault else 0)
        tries = await asyncio.gather(*(self._try(push, copy) for copy in range(copies)))
        good = [(done, reply) for done, reply in tries if done[-1].verdict in GOOD]
        reply = next((reply for _, reply in good if reply), None)
        outcome = "delivered" if good else "failed"
        self._ledger.run(
            "UPDATE pushes SET outcome = :outcome, reply = :reply WHERE id = :id",
            {
                "outcome": outcome,
                "reply": text(asdict(reply)) if reply else None,
                "id": push.id,
            },
        )
        if push.awaited:
            self._show(push, reply, failed=not good)
        self._bell.ring()
        attempts = tuple(attempt for done, _ in tries for attempt in done)
        return Outcome(push.id, outcome, attempts, reply)

    def show(
        self, openid: str, *, sender: str, kind: str, body: object, push_id: int | None = None
    ) -> None:
        """Put one line on a person's screen."""
        self._ledger.run(
            "INSERT INTO chat (openid, sender, kind, body, at, push_id)"
            " VALUES (:openid, :sender, :kind, :body, :at, :push_id)",
            {
                "openid": openid,
                "sender": sender,
                "kind": kind,
                "body": text(body),
                "at": stamp(self._clock()),
                "push_id": push_id,
            },
        )
        self._bell.ring()

    def _show(self, push: Push, reply: Reply | None, *, failed: bool) -> None:
        if failed:
            self.show(
                push.openid,
                sender="system",
                kind="failure",
                body={"content": BROKEN},
                push_id=push.id,
            )
        elif reply:
            self.show(
                push.openid,
                sender="account",
                kind=reply.kind,
                body=reply.body,
                push_id=push.id,
            )

    async def _try(self, push: Push, copy: int) -> tuple[list[Attempt], Reply | None]:
        done: list[Attempt] = []
        judgement = Judgement(Verdict.UNREACHABLE)
        while len(done) < ATTEMPTS and judgement.verdict not in GOOD:
            attempt, judgement = await self._attempt(push, copy, len(done) + 1)
            done.append(attempt)
            self._ledger.run(
                "INSERT INTO attempts (push_id, copy, number, at, timestamp, nonce, status,"
                " verdict, detail, took_ms) VALUES (:push_id, :copy, :number, :at, :timestamp,"
                " :nonce, :status, :verdict, :detail, :took_ms)",
                {"push_id": push.id, **asdict(attempt)},
            )
        return done, judgement.reply

    async def _attempt(self, push: Push, copy: int, number: int) -> tuple[Attempt, Judgement]:
        """One try, with a timestamp and a nonce of its own."""
        now = self._clock()
        timestamp, nonce = str(int(now.timestamp())), str(secrets.randbelow(10**10))
        started = asyncio.get_running_loop().time()
        status, judgement = await self._post(push, timestamp, nonce)
        took_ms = int((asyncio.get_running_loop().time() - started) * 1000)
        attempt = Attempt(
            copy=copy,
            number=number,
            at=stamp(now),
            timestamp=timestamp,
            nonce=nonce,
            status=status,
            verdict=judgement.verdict,
            detail=judgement.detail,
            took_ms=took_ms,
        )
        return attempt, judgement

    async def _post(self, push: Push, timestamp: str, nonce: str) -> tuple[int | None, Judgement]:
        if self._session is None:
            raise RuntimeError("the sandbox is not open")
        keys = self._callbacks[push.account].keys
        sealed = crypto.encrypt(push.body.encode(), keys, random16=secrets.token_hex(8).encode())
        query = {
            "signature": crypto.signature(keys.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": push.openid,
            "encrypt_type": "aes",
            "msg_signature": crypto.signature(keys.token, timestamp, nonce, sealed),
        }
        body, content_type = _envelope(push, sealed)
        try:
            async with self._session.post(
                self._callbacks[push.account].url,
                params=query,
                data=body,
                headers={"Content-Type": content_type},
                allow_redirects=False,
            ) as response:
                answer = await _read(response)
        except TimeoutError:
            return None, Judgement(Verdict.TIMEOUT, "no answer in time")
        except aiohttp.ClientError as error:
            return None, Judgement(Verdict.UNREACHABLE, type(error).__name__)
        if response.status != 200:
            return response.status, Judgement(Verdict.STATUS, f"HTTP {response.status}")
        if answer is None:
            return response.status, Judgement(Verdict.MALFORMED, "the answer is too large")
        account = ORIGINAL_ID[push.account]
        return response.status, replies.judge(answer, keys, openid=push.openid, account=account)


def _envelope(push: Push, sealed: str) -> tuple[bytes, str]:
    fields = {"ToUserName": ORIGINAL_ID[push.account], "Encrypt": sealed}
    if push.body.startswith("{"):
        return json.dumps(fields).encode(), "application/json"
    return xml.write(fields).encode(), "text/xml"


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The whole body, or None when it is larger than any reply may be."""
    whole = bytearray()
    async for piece in response.content.iter_any():
        whole += piece
        if len(whole) > LARGEST_ANSWER:
            return None
    return bytes(whole)
