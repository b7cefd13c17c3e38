"""Builds the simulated WeChat from its parts and runs it on this machine only."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from bot.config import Config
from bot.sandbox import api, authorize, control, inputs, people, screen, webview
from bot.sandbox.accounts import CALLBACKS, Account
from bot.sandbox.bell import Bell
from bot.sandbox.crypto import Keys
from bot.sandbox.deliveries import Callback, Deliveries
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger
from bot.sandbox.world import WORLD, Clock, World

HOST = "127.0.0.1"
LARGEST_BODY = 2 * 1024 * 1024
ANSWER_WITHIN_S = 5.0
# What somebody has typed into the account's console before the first day; publishing replaces it.
FIRST_MENU = [
    {"type": "click", "name": "关于我们", "key": "about"},
    {"type": "click", "name": "能办什么", "key": "help"},
    {"type": "click", "name": "联系电话", "key": "contact"},
]


def build_sandbox(
    config: Config,
    *,
    clock: Clock,
    callback_base: str | None = None,
    answer_within_s: float = ANSWER_WITHIN_S,
) -> web.Application:
    """`callback_base` is where the account listens if not on this machine's web port."""
    base = callback_base or f"http://{HOST}:{config.web_port}"
    ledger = Ledger(config.state_dir / "sandbox.db" if config.state_dir else None)
    faults, bell = Faults(), Bell()
    keys = {
        Account.SERVICE: Keys.of_service(config),
        Account.MINI: Keys.of_mini(config),
    }
    callbacks = {
        account: Callback(base + CALLBACKS[account], keys[account], clock, answer_within_s)
        for account in Account
    }
    deliveries = Deliveries(callbacks, ledger=ledger, faults=faults, bell=bell)
    app = web.Application(
        middlewares=[inputs.mistakes_as_json, inputs.only_this_machine],
        client_max_size=LARGEST_BODY,
    )
    app[WORLD] = World(config, clock, ledger, faults, bell, deliveries)
    app.add_routes([*api.routes(), *control.routes(), *authorize.routes(), *screen.routes()])
    app.add_routes(webview.routes())
    app.cleanup_ctx.append(_life)
    app.on_shutdown.append(_let_go)
    headers = _headers(base)

    async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers)

    app.on_response_prepare.append(add_headers)
    return app


async def serve(config: Config, *, clock: Clock) -> None:
    """Run until cancelled or told to stop by SIGTERM or SIGINT, then finish what is in flight."""
    app = build_sandbox(config, clock=clock)
    if app[WORLD].ledger.recall("menu") is None:
        app[WORLD].ledger.remember("menu", FIRST_MENU)
    runner = web.AppRunner(
        app,
        access_log=None,  # the access token stands in the query
        shutdown_timeout=ANSWER_WITHIN_S,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, config.sandbox_port).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, stop.set)
        await stop.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
        await runner.cleanup()


async def _life(app: web.Application) -> AsyncIterator[None]:
    world = app[WORLD]
    # What was under way when the last process ended never got its answer.
    world.ledger.run("UPDATE pushes SET outcome = 'interrupted' WHERE outcome = 'pending'")
    people.settle_in(world)
    world.deliveries.open()
    yield
    await world.deliveries.close()
    world.ledger.close()


async def _let_go(app: web.Application) -> None:
    """Open pages and callers kept waiting on purpose do not hold up the end."""
    app[WORLD].bell.close()
    app[WORLD].faults.clear()


def _headers(product: str) -> dict[str, str]:
    """Pictures may come from the product; nothing at all from anywhere else."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self' {product}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
