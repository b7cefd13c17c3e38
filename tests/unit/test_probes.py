"""Readiness answers in time, whatever its checks do."""

import asyncio

from bot.handlers.probes import Checks, Readiness


async def fine() -> None:
    return


async def broken() -> None:
    raise ConnectionRefusedError("postgres://credit:hunter2@db")


async def test_all_well_is_ready():
    assert await Checks({"postgres": fine, "redis": fine}).ask() == Readiness(
        ready=True, checks={"postgres": "ok", "redis": "ok"}
    )


async def test_one_broken_check_is_not_ready_and_its_text_stays_inside():
    assert await Checks({"postgres": broken, "redis": fine}).ask() == Readiness(
        ready=False, checks={"postgres": "出错（ConnectionRefusedError）", "redis": "ok"}
    )


async def test_a_check_that_hangs_is_asked_once_and_answers_when_it_comes_back():
    started, go_on = [], asyncio.Event()

    async def hangs() -> None:
        started.append(1)
        await go_on.wait()

    checks = Checks({"postgres": hangs, "redis": fine}, patience=0.05)
    hanging = Readiness(ready=False, checks={"postgres": "没有回应", "redis": "ok"})

    assert await checks.ask() == hanging
    assert await asyncio.gather(checks.ask(), checks.ask()) == [hanging, hanging]
    assert len(started) == 1

    go_on.set()
    assert (await checks.ask()).ready
    assert len(started) == 1


async def test_closing_lets_go_of_a_check_that_hangs():
    checks = Checks({"postgres": asyncio.Event().wait}, patience=0.01)
    await checks.ask()

    await checks.close()

    assert await checks.ask() == Readiness(ready=False, checks={"postgres": "没有回应"})
    await checks.close()
