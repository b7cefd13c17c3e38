"""The simulated world that every part shares: settings, clock, ledger, trouble, carrier."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from bot.config import Config
from bot.sandbox.bell import Bell
from bot.sandbox.deliveries import Deliveries
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class World:
    config: Config
    clock: Clock
    ledger: Ledger
    faults: Faults
    bell: Bell
    deliveries: Deliveries


WORLD = web.AppKey("world", World)


class Mistake(Exception):
    """The phone or a test asked for something that cannot be; the message is shown to people."""

    def __init__(self, status: int, code: str, message: str, **more: str | None) -> None:
        """`more` may hold `field` and, for those who write tests, `detail`."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.more = {name: value for name, value in more.items() if value}
