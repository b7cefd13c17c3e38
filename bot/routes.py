"""The whole HTTP surface on one page: every route, and who it is for."""

from bot.domain.errors import BadInput, Unavailable
from bot.handlers import assets, openapi, pages, probes
from bot.handlers.api import js_sdk
from bot.handlers.audience import Audience
from bot.handlers.hooks import wechat
from bot.handlers.surface import Route

ROUTES = (
    # people
    Route("GET", "/", pages.home, Audience.PUBLIC),
    Route("POST", "/care", pages.choose_care, Audience.PUBLIC),
    Route("GET", "/a/{name}", assets.serve, Audience.PUBLIC, quiet=True),
    # the API and its document
    Route("GET", "/api/docs", openapi.page, Audience.PUBLIC),
    Route("GET", "/api/openapi.json", openapi.document, Audience.PUBLIC),
    Route(
        "GET",
        "/api/js-sdk",
        js_sdk.sign,
        Audience.PUBLIC,
        summary="本站页面使用微信 JS-SDK 所需的签名",
        query=js_sdk.Page,
        returns=js_sdk.JsSdk,
        refusals=(BadInput, Unavailable),
    ),
    # other systems
    Route("GET", "/hooks/wechat/{account}", wechat.verify, Audience.PROVIDER),
    Route("POST", "/hooks/wechat/{account}", wechat.receive, Audience.PROVIDER),
    # machines that watch over us
    Route(
        "GET",
        "/healthz",
        probes.alive,
        Audience.PUBLIC,
        summary="进程是否活着（不查看任何依赖）",
        returns=probes.Alive,
        quiet=True,
    ),
    Route(
        "GET",
        "/readyz",
        probes.ready,
        Audience.PUBLIC,
        summary="是否可以接待请求（数据库、缓存、数据库版本）；不可以时为 503",
        returns=probes.Readiness,
        statuses=(200, 503),
        quiet=True,
    ),
)
