"""/healthz and /readyz: is this process alive, and can it serve."""

import asyncio
from collections.abc import Mapping

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import Check
from bot.handlers.surface import Contract

PATIENCE_S = 1.5
GOODBYE_S = 1.0
OK = "ok"


class Alive(BaseModel):
    alive: bool = Field(default=True, description="总是 true")


class Readiness(BaseModel):
    ready: bool = Field(description="全部正常时为 true")
    checks: dict[str, str] = Field(description="各项检查的结果：ok，或简短的原因")


class Checks:
    """Runs each check at most once at a time.

    A check that hangs is left hanging and asked again only when it has ended: cancelling it could
    hang as well (a driver that waits for a stopped server), and more of them would pile up.
    """

    def __init__(self, checks: Mapping[str, Check], *, patience: float = PATIENCE_S) -> None:
        self._checks = checks
        self._patience = patience
        self._running: dict[str, asyncio.Task[None]] = {}

    async def ask(self) -> Readiness:
        """Return within the patience, whatever the checks do."""
        tasks = {name: self._task(name, check) for name, check in self._checks.items()}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self._patience)
        found = {name: _word(task) for name, task in tasks.items()}
        return Readiness(ready=all(word == OK for word in found.values()), checks=found)

    def _task(self, name: str, check: Check) -> asyncio.Task[None]:
        task = self._running.get(name)
        if task is None or task.done():
            task = self._running[name] = asyncio.create_task(_run(check))
            task.add_done_callback(_word)  # a failure that nobody waited for is no loose end
        return task

    async def close(self) -> None:
        """Let go of what still hangs, without waiting for it long."""
        left = [task for task in self._running.values() if not task.done()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=GOODBYE_S)


async def _run(check: Check) -> None:
    await check()


def _word(task: asyncio.Task[None]) -> str:
    if not task.done():
        return "没有回应"
    error = None if task.cancelled() else task.exception()
    if error is not None:
        return f"出错（{type(error).__name__}）"  # its text may hold an address or a password
    return "已中断" if task.cancelled() else OK


CHECKS = web.AppKey("CHECKS", Checks)

ALIVE = Contract("进程是否活着（不查看任何依赖）", returns=Alive)
READY = Contract(
    "是否可以接待请求（数据库、缓存、数据库版本）；不可以时为 503",
    returns=Readiness,
    statuses=(200, 503),
)


_ALIVE = Alive().model_dump_json().encode()


async def alive(_request: web.Request) -> web.Response:
    return web.Response(body=_ALIVE, content_type="application/json")


async def ready(request: web.Request) -> web.Response:
    found = await request.app[CHECKS].ask()
    return web.Response(
        text=found.model_dump_json(),
        status=200 if found.ready else 503,
        content_type="application/json",
    )
