"""`up`, `web`, `worker`, `sandbox`: the processes of the product."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

import typer

from bot import telemetry
from bot.commands.catalogue import Catalogue
from bot.commands.context import Context, current, fail
from bot.processes import run_async


def mount(app: typer.Typer) -> None:
    for command in (up, web, worker, sandbox):
        app.command()(command)


def up(ctx: typer.Context) -> None:
    """启动全部：数据库、缓存、网页、后台任务、模拟微信。"""
    from bot.up import CannotStartError, Machine, start_everything

    context = current(ctx)
    try:
        code = start_everything(
            Machine(
                context.config,
                context.state_dir,
                context.postgres,
                context.valkey,
                read=_read,
                perform=partial(_perform, ctx),
            ),
            clock=context.clock,
            say=lambda text: typer.secho(text, fg=typer.colors.GREEN, err=True),
        )
    except (CannotStartError, RuntimeError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"无法启动：{error.strerror}（{error.filename}）")
    sys.exit(code)


def _read() -> None:
    """What a web process carries; the other commands need most of it too."""
    import_module("bot.web")


def _perform(ctx: typer.Context, words: Sequence[str]) -> int:
    """Run a command as `python -m bot` would with these settings, in a process made for it."""
    context, catalogue = current(ctx), ctx.find_root().command
    assert isinstance(catalogue, Catalogue)  # noqa: S101  # see bot/__main__.py
    name, *rest = words
    command = catalogue.get_command(ctx, name)
    command.main(rest, prog_name=name, obj=replace(context, config=context.placed))
    return 0


def web(ctx: typer.Context) -> None:
    """启动网页服务：几个进程共用一个端口。"""
    from bot.web import CannotListenError, run_web

    context = current(ctx)
    _log(context)
    config = context.placed
    try:
        code = run_web(config, context.database_url, context.redis_url, context.clock)
    except CannotListenError as error:
        fail(str(error))
    sys.exit(code)


def worker(ctx: typer.Context) -> None:
    """启动后台任务进程；可以在任意多台机器上启动任意多个。"""
    from bot import worker as loop

    context = current(ctx)
    _log(context)
    run_async(
        _until_told(
            lambda stop: loop.run(
                context.placed, context.database_url, clock=context.clock, stop=stop
            )
        )
    )


def sandbox(ctx: typer.Context) -> None:
    """启动模拟微信（只用于开发与测试）。"""
    from bot.sandbox.app import serve

    context = current(ctx)
    _refuse_in_production(context)
    _log(context)
    run_async(serve(context.placed, clock=context.clock))


def _log(context: Context) -> None:
    telemetry.configure(level=context.config.log_level, clock=context.clock)


def _refuse_in_production(context: Context) -> None:
    if context.config.production:
        fail("模拟微信不能在生产环境启动")


async def _until_told(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Hand the work an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(stop)
