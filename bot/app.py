"""Builds the web application from Deps, and serves it on a listening socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial

import structlog
from aiohttp import web

from bot.deps import DEPS, Deps
from bot.handlers import assets, openapi, probes, swift
from bot.handlers.edge import EDGE, Edge, go_ahead
from bot.handlers.guard import LIMITS, GuardedSite, Limits
from bot.handlers.headers import security_headers
from bot.handlers.public import sitemap
from bot.handlers.surface import Route
from bot.routes import ROUTES

log = structlog.get_logger()

Lifespan = Callable[[web.Application], AsyncIterator[None]]
GRACE_S = 10.0


def build_app(
    deps: Deps, *, routes: Iterable[Route] = ROUTES, lifespan: Iterable[Lifespan] = ()
) -> web.Application:
    """Wire everything; opens nothing: a lifespan opens before the first request and closes last."""
    routes = tuple(routes)
    edge = Edge(deps.config)
    app = web.Application()  # without middlewares: what is around every handler is the edge's
    app.on_response_prepare.append(edge.dress)
    app[DEPS] = deps
    app[EDGE] = edge
    app[swift.HEADS] = swift.Heads(security_headers(deps.config))
    app[assets.ASSETS] = assets.load()
    app[openapi.DOCUMENT] = openapi.build(routes)
    app[sitemap.KEPT] = sitemap.Kept()
    checks = app[probes.CHECKS] = probes.Checks(deps.checks)
    _add(routes, app.router, edge)

    async def close_checks(_app: web.Application) -> AsyncIterator[None]:
        yield
        await checks.close()

    app.cleanup_ctx.extend(
        (*lifespan, close_checks)
    )  # left in reverse: checks before what they ask
    return app


def _add(routes: Iterable[Route], router: web.UrlDispatcher, edge: Edge) -> None:
    """Every route, and what answers for those that are none; the library's own refusals would
    come without an id, a log line and our words."""
    resources = {}
    for route in routes:
        if route.path not in resources:
            resources[route.path] = router.add_resource(route.path)
        handler = edge.around(route)
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            resources[route.path].add_route(method, handler, expect_handler=go_ahead)
    for resource in resources.values():
        allowed = {known.method for known in resource}
        wrong = edge.around_nothing(partial(_not_allowed, allowed))
        resource.add_route("*", wrong, expect_handler=go_ahead)
    rest = Rest("/")
    router.register_resource(rest)
    rest.add_route("*", edge.around_nothing(_not_found), expect_handler=go_ahead)


class Rest(web.PlainResource):
    """Takes what nothing else has taken, also `*`, which is no path."""

    async def resolve(self, _request: web.Request) -> tuple[web.UrlMappingMatchInfo, set[str]]:
        [route] = self
        return web.UrlMappingMatchInfo({}, route), set()


def _not_allowed(allowed: set[str], request: web.Request) -> web.HTTPException:
    return web.HTTPMethodNotAllowed(request.method, allowed)


def _not_found(_request: web.Request) -> web.HTTPException:
    return web.HTTPNotFound()


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
