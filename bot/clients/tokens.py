"""One token for all processes: kept in memory, fetched by one process at a time, never in a loop.

The shared record lives in PostgreSQL (bot/services/tokens.py), not in Redis: Redis may be emptied
at any moment, and with it would go the ration of forced refreshes and the order of answers. It
costs one query per process and token life, because what is valid is served from memory.
The lock between processes is a lease in that record, so no connection is held during the fetch,
and a process that dies while fetching blocks the others for seconds only.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.clients.database import GONE
from bot.clients.wechat_errors import Transient, WeChatError
from bot.domain.tokens import TOO_SHORT, Move

log = structlog.get_logger()

# In its last five minutes WeChat gives out the next token while the old one still works. Each
# process renews at a moment of its own in the first three of them.
LAST_MINUTES = timedelta(minutes=5)
SPREAD = timedelta(minutes=3)
RENEW_AGAIN_AFTER = timedelta(seconds=20)
LOOK_AGAIN_S = 0.1
WAIT_AT_MOST_S = 20.0


@dataclass(frozen=True, slots=True)
class Held:
    """A token with the instants that its fetch began and its life ends."""

    value: str
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """What WeChat answered."""

    value: str
    lives: timedelta


class Fetch(Protocol):
    async def __call__(self, *, force: bool) -> Fetched: ...


class Shared(Protocol):
    """What the processes know together about the tokens; `name` tells them apart."""

    async def claim(self, name: str, *, bad: str, now: datetime) -> tuple[Move, Held | None]:
        """Ask what to do instead of using `bad`; ASK makes the caller the only one who fetches."""
        ...

    async def claim_force(self, name: str, *, now: datetime) -> bool:
        """Ask, while fetching, for one of the rationed forced refreshes."""
        ...

    async def keep(self, name: str, held: Held) -> Held:
        """Store an answer unless a newer one is there; return the one that counts."""
        ...

    async def give_up(self, name: str) -> None:
        """Let another process fetch."""
        ...


class Tokens:
    """Serves one token. `fetch(force=True)` asks WeChat to end the present one and give another."""

    def __init__(
        self,
        name: str,
        fetch: Fetch,
        shared: Shared,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._shared = shared
        self._clock = clock
        self._jitter = jitter
        self._held: Held | None = None
        self._renew_at: datetime | None = None
        self._flight: asyncio.Task[Held] | None = None

    async def value(self) -> str:
        """A token that is valid for now; near its end the next one is fetched in the background."""
        now = self._clock()
        held = self._held
        if held is None or held.expires_at <= now + TOO_SHORT:
            return (await self._fly(bad="", refused=False)).value
        if self._renew_at and now >= self._renew_at and self._flight is None:
            self._renew_at = now + RENEW_AGAIN_AFTER
            self._start(bad=held.value, refused=False)
        return held.value

    async def instead_of(self, refused: str) -> str:
        """Another token than the one that WeChat refused, or Transient. Call it once per call."""
        if self._held and self._held.value != refused:
            return self._held.value
        held = await self._fly(bad=refused, refused=True)
        if held.value == refused:  # we had joined a flight that did not know of the refusal
            held = await self._fly(bad=refused, refused=True)
        return held.value

    async def close(self) -> None:
        if self._flight:
            self._flight.cancel()
            await asyncio.wait({self._flight})

    async def _fly(self, *, bad: str, refused: bool) -> Held:
        """Join the fetch that is under way, or begin one; a caller who leaves does not end it."""
        return await asyncio.shield(self._flight or self._start(bad=bad, refused=refused))

    def _start(self, *, bad: str, refused: bool) -> asyncio.Task[Held]:
        self._flight = asyncio.create_task(self._obtain(bad, refused=refused))
        self._flight.add_done_callback(self._landed)
        return self._flight

    def _landed(self, flight: asyncio.Task[Held]) -> None:
        self._flight = None
        if not flight.cancelled() and (error := flight.exception()):
            log.warning("token_not_renewed", name=self._name, reason=str(error))

    async def _obtain(self, bad: str, *, refused: bool) -> Held:
        give_up_at = time.monotonic() + WAIT_AT_MOST_S
        try:
            while time.monotonic() < give_up_at:
                move, held = await self._shared.claim(self._name, bad=bad, now=self._clock())
                if move is Move.USE and held:
                    return self._take(held)
                if move is Move.ASK:
                    return await self._ask(bad, refused=refused)
                if move is Move.REFUSE:
                    raise Transient(f"{self._name}: asked too often within a minute")
                await asyncio.sleep(LOOK_AGAIN_S * (0.5 + self._jitter()))
        except GONE as error:
            raise Transient(f"{self._name}: the shared record is out of reach") from error
        raise Transient(f"{self._name}: waited in vain for another process")

    async def _ask(self, bad: str, *, refused: bool) -> Held:
        try:
            asked_at = self._clock()
            fetched = await self._fetch(force=False)
            if refused and fetched.value == bad:  # WeChat refuses it and yet gives it out
                if not await self._shared.claim_force(self._name, now=self._clock()):
                    raise Transient(f"{self._name}: refused, and no forced refresh is left")
                log.error("token_forced", name=self._name)
                asked_at = self._clock()
                fetched = await self._fetch(force=True)
        except WeChatError:
            await self._shared.give_up(self._name)
            raise
        held = Held(fetched.value, asked_at, asked_at + fetched.lives)
        try:
            held = await self._shared.keep(self._name, held)
        except GONE:  # the others will fetch for themselves; this process can go on
            log.warning("token_not_shared", name=self._name)
        return self._take(held)

    def _take(self, held: Held) -> Held:
        if self._held is None or held.asked_at >= self._held.asked_at:
            self._held = held
            self._renew_at = max(
                held.expires_at - LAST_MINUTES + SPREAD * self._jitter(),
                self._clock() + RENEW_AGAIN_AFTER,
            )
        return self._held
