"""Trouble on order: what a test asked to go wrong, and how often still."""

import asyncio
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

LONGEST_S = 600


class _Fault(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int | None = Field(None, ge=1, le=1_000_000)  # None: until cleared


class ApiFault(_Fault):
    """The next calls of `path` are slow, wrong or silent; "*" is any path, "@token" any that
    needs an access token (so that a storm of 40001 leaves the token itself alone)."""

    path: str = "*"
    delay_s: float = Field(0, ge=0, le=LONGEST_S)
    kind: Literal["slow", "errcode", "html", "status", "silent"]
    errcode: int = -1
    errmsg: str = "system error"
    status: int = Field(502, ge=200, le=599)
    after: bool = False  # the call takes effect first, only its answer is lost


class DeliveryFault(_Fault):
    """The next pushes come late or several times."""

    delay_s: float = Field(0, ge=0, le=LONGEST_S)
    duplicate: int = Field(0, ge=0, le=20)


class ReceiptFault(_Fault):
    """The next receipts come late, several times, never, or with this Status, not `success`."""

    status: str | None = Field(None, min_length=1, max_length=64)
    delay_s: float = Field(0, ge=0, le=LONGEST_S)
    duplicate: int = Field(0, ge=0, le=20)
    never: bool = False

    @property
    def end(self) -> str:
        """A fault that changes nothing else about the receipt makes it a failure."""
        if self.status is None and not (self.delay_s or self.duplicate or self.never):
            return "failed:user block"
        return self.status or "success"


Kind = TypeVar("Kind", bound=_Fault)


class Faults:
    def __init__(self) -> None:
        self.api: list[ApiFault] = []
        self.deliveries: list[DeliveryFault] = []
        self.receipts: list[ReceiptFault] = []
        self._release = asyncio.Event()

    def for_call(self, path: str, *, token: bool) -> ApiFault | None:
        names = {"*", path, "@token"} if token else {"*", path}
        return _take(self.api, [fault for fault in self.api if fault.path in names])

    def for_delivery(self) -> DeliveryFault | None:
        return _take(self.deliveries, self.deliveries)

    def for_receipt(self) -> ReceiptFault | None:
        return _take(self.receipts, self.receipts)

    def clear(self) -> None:
        """Forget all of them and let go whoever was kept waiting."""
        self.api.clear()
        self.deliveries.clear()
        self.receipts.clear()
        self._release.set()
        self._release = asyncio.Event()

    async def hold(self, seconds: float) -> None:
        """Wait, but not beyond the next `clear`."""
        try:
            async with asyncio.timeout(seconds):
                await self._release.wait()
        except TimeoutError:
            return


def _take(pool: list[Kind], fitting: list[Kind]) -> Kind | None:
    """The oldest one that fits, counted down; gone when used up."""
    if not fitting:
        return None
    fault = fitting[0]
    if fault.count is not None:
        fault.count -= 1
        if not fault.count:
            pool.remove(fault)
    return fault
