"""The web processes: one listening socket, several forked children behind it."""

import asyncio
import errno
import functools
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from pydantic import SecretStr

from bot import telemetry
from bot.app import GRACE_S, build_app, serve
from bot.clients.database import close_database, fetch, open_database
from bot.clients.hints import open_hints
from bot.clients.limits import open_limits
from bot.clients.schema import pending
from bot.clients.wechat_crypto import Codec
from bot.config import Config
from bot.deps import Deps, open_accounts, open_cabinet, open_verifier
from bot.domain.errors import Unavailable
from bot.handlers import assets, openapi, pages
from bot.handlers.hooks.wechat import MINI_PROGRAM
from bot.handlers.wechat.knowledge import shipped
from bot.processes import Child, Supervisor, fork, run_async
from bot.routes import ROUTES
from bot.services.bookshelf import Bookshelf

log = structlog.get_logger()

BACKLOG = 1024
SERVICE_ACCOUNT = "oa"  # its name in /hooks/wechat/{account}
DRAIN_S = 5.0
CHILD_PATIENCE_S = GRACE_S + DRAIN_S + 2.0
PATIENCE_S = CHILD_PATIENCE_S + 2.0  # of whoever stops the web processes as one

Clock = Callable[[], datetime]


def read_files() -> None:
    """Read, compress and describe what all children share: once, before the first is forked."""
    assets.load()
    pages.environment()
    shipped.book()
    openapi.build(ROUTES)


class CannotListenError(RuntimeError):
    """There is no place to wait for requests; its text says why."""


def _listen(config: Config) -> socket.socket:
    host, port = config.web_host, config.web_port
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            told = f"端口 {port} 已被别的程序占用，请用 CREDIT_WEB_PORT 换一个"
            raise CannotListenError(told) from None
        raise CannotListenError(f"无法在 {host}:{port} 上等候请求：{error.strerror}") from None


def run_web(config: Config, database_url: str, redis_url: str, clock: Clock) -> int:
    """Serve until told to stop. A child that dies takes no waiting connection with it."""
    read_files()
    with _listen(config) as sock:
        sock.setblocking(False)  # noqa: FBT003  # its only parameter

        def child(number: int) -> Child:
            def run() -> int:
                run_async(_serve_one(config, database_url, redis_url, clock, sock, number))
                return 0

            return Child(f"web-{number}", functools.partial(fork, run), patience_s=CHILD_PATIENCE_S)

        def keep() -> int:
            sock.close()
            run_async(_keep_register(config, database_url, clock))
            return 0

        children = [child(number) for number in range(config.web_processes)]
        if config.state_dir is not None:
            children.append(Child("register", functools.partial(fork, keep)))
        gc.freeze()  # what is shared with the children stays so: no collection writes into it
        return Supervisor(children, equal=True).run()


async def _keep_register(config: Config, database_url: str, clock: Clock) -> None:
    """Make the register's files for all processes of this machine: a table of all certificates
    takes memory and time that no page should miss."""
    stop = _told_to_stop()
    metrics = await telemetry.serve_metrics(config.metrics_host, config.register_metrics_port)
    database = await open_database(database_url, pool=1, application="credit-register-keys")
    try:
        async with open_verifier(config, clock, database_url, keeps=True):
            await stop.wait()
    finally:
        await close_database(database)
        await metrics.cleanup()


def _told_to_stop() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    return stop


async def _serve_one(  # what one process is made of
    config: Config,
    database_url: str,
    redis_url: str,
    clock: Clock,
    sock: socket.socket,
    number: int,
) -> None:
    stop = _told_to_stop()
    metrics = await telemetry.serve_metrics(config.metrics_host, config.metrics_port + number)
    database = await open_database(
        database_url, pool=config.database_pool, application="credit-web"
    )
    try:
        async with equipped(config, redis_url, clock, database_url) as deps:
            app = build_app(deps)
            await serve(app, sock, stop=stop, ready=lambda: log.info("web_ready", number=number))
    finally:
        await close_database(database)
        await metrics.cleanup()


async def _postgres() -> None:
    await fetch("SELECT 1")


async def _migrations() -> None:
    if await pending():
        raise Unavailable("数据库结构需要升级：请执行 ./run migrate")


@asynccontextmanager
async def equipped(
    config: Config, redis_url: str, clock: Clock, database_url: str = ""
) -> AsyncIterator[Deps]:
    """What the application is given, for as long as it serves; the database is open around it.

    Without the database's address the register of certificates stays empty.
    """
    hints, limits = open_hints(redis_url), open_limits(redis_url)
    async with (
        open_accounts(config, clock) as accounts,
        open_cabinet(config) as cabinet,
        open_verifier(config, clock, database_url) as verifier,
    ):
        deps = Deps(
            config=config,
            clock=clock,
            hints=hints,
            limits=limits,
            codecs=codecs(config),
            bookshelf=Bookshelf(shipped.press(), shipped.texts(), shipped.book()),
            accounts=accounts,
            verifier=verifier,
            cabinet=cabinet,
            checks={"postgres": _postgres, "redis": hints.ping, "migrations": _migrations},
        )
        fresh = asyncio.create_task(deps.bookshelf.keep_fresh(clock))
        try:
            yield deps
        finally:
            fresh.cancel()
            await asyncio.wait({fresh})
            await deps.patience.drain(limit_s=DRAIN_S)
            await hints.close()
            await limits.close()


def codecs(config: Config) -> dict[str, Codec]:
    """The accounts that may push to us."""
    return {
        SERVICE_ACCOUNT: _codec(
            config.oa_appid, config.oa_token, config.oa_aes_key, config.oa_previous_aes_key
        ),
        MINI_PROGRAM: _codec(
            config.mini_appid, config.mini_token, config.mini_aes_key, config.mini_previous_aes_key
        ),
    }


def _codec(appid: str, token: SecretStr, aes_key: SecretStr, previous: SecretStr | None) -> Codec:
    return Codec(
        appid=appid,
        token=token.get_secret_value(),
        aes_key=aes_key.get_secret_value(),
        previous_aes_key=previous.get_secret_value() if previous else None,
    )
