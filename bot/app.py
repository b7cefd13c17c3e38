"""Builds the web application from Deps, and serves it on a listening socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable

import structlog
from aiohttp import web

from bot.deps import DEPS, Deps
from bot.handlers import assets, openapi, probes, swift
from bot.handlers.edge import EDGE, Edge, go_ahead
from bot.handlers.guard import LIMITS, GuardedSite, Limits
from bot.handlers.limits import LIMITERS
from bot.handlers.public import sitemap
from bot.handlers.router import Router, application
from bot.handlers.surface import Route
from bot.routes import ROUTES

log = structlog.get_logger()

Lifespan = Callable[[web.Application], AsyncIterator[None]]
GRACE_S = 10.0


def build_app(
    deps: Deps, *, routes: Iterable[Route] = ROUTES, lifespan: Iterable[Lifespan] = ()
) -> web.Application:
    """Wire everything; opens nothing: a lifespan opens before the first request and closes last.

    There is one application at a time in a process: another begins with every ration unspent.
    """
    routes = tuple(routes)
    edge = Edge(deps.config)
    router = Router(edge.around_refusals, go_ahead)
    app = application(router)  # without middlewares: what is around every handler is the edge's
    app.on_response_prepare.append(edge.dress)
    app[DEPS] = deps
    app[EDGE] = edge
    app[swift.HEADS] = swift.Heads(edge.headers)
    app[assets.ASSETS] = assets.load()
    app[openapi.DOCUMENT] = openapi.build(routes)
    app[sitemap.KEPT] = sitemap.Kept()
    checks = app[probes.CHECKS] = probes.Checks(deps.checks)
    for limiter in LIMITERS:
        limiter.forget()
    for route in routes:
        resource, handler = router.add_resource(route.path), edge.around(route)
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            added = resource.add_route(method, handler, expect_handler=go_ahead)
            if route.at_hand:
                router.keep_at_hand(added, route.path)

    async def close_checks(_app: web.Application) -> AsyncIterator[None]:
        yield
        await checks.close()

    app.cleanup_ctx.extend(
        (*lifespan, close_checks)
    )  # left in reverse: checks before what they ask
    return app


async def serve(
    app: web.Application,
    sock: socket.socket,
    *,
    stop: asyncio.Event,
    ready: Callable[[], None] | None = None,
    limits: Limits = LIMITS,
    grace: float = GRACE_S,
) -> None:
    """Serve until `stop` is set, then finish what is in flight, for at most `grace` (> 0) seconds.

    The lifespans open before the socket is listened to and close after the last answer. Signals
    are the caller's; `ready` is called once connections are accepted.
    """
    runner = web.AppRunner(app, shutdown_timeout=grace)
    await runner.setup()
    try:
        await GuardedSite(runner, sock, limits=limits, malformed=app[EDGE].malformed).start()
        if ready is not None:
            ready()
        await stop.wait()
        log.info("web_stopping")
    finally:
        await runner.cleanup()
