"""The whole HTTP surface on one page: every route, and who it is for."""

from bot.domain.errors import BadInput, NotFound, Stale, Unavailable
from bot.handlers import assets, openapi, pages, probes
from bot.handlers.api import consents, js_sdk, session
from bot.handlers.audience import Audience
from bot.handlers.h5 import login, me
from bot.handlers.hooks import wechat
from bot.handlers.surface import Route
from bot.services.logins import Frozen, NoConsent, Unproven

ROUTES = (
    # people
    Route("GET", "/", pages.home, Audience.PUBLIC),
    Route("POST", "/care", pages.choose_care, Audience.PUBLIC),
    Route("GET", "/a/{name}", assets.serve, Audience.PUBLIC, quiet=True),
    # members' pages
    Route("GET", "/h5/login", login.begin, Audience.PUBLIC),
    Route("GET", "/h5/login/return", login.finish, Audience.PUBLIC),
    Route("GET", "/h5/me", me.show, Audience.MEMBER),
    Route("POST", "/h5/logout", me.sign_out, Audience.MEMBER),
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
    # the mini-program
    Route(
        "POST",
        "/api/session",
        session.create,
        Audience.PUBLIC,
        summary="小程序登录：用 wx.login 的 code 换取会话",
        body=session.Login,
        returns=session.Session,
        statuses=(201,),
        refusals=(Unproven, Frozen, Unavailable),
    ),
    Route(
        "DELETE", "/api/session", session.end, Audience.MEMBER, summary="退出登录", statuses=(204,)
    ),
    Route(
        "DELETE",
        "/api/sessions",
        session.end_all,
        Audience.MEMBER,
        summary="退出所有设备上的登录",
        statuses=(204,),
    ),
    Route(
        "GET",
        "/api/me",
        session.show,
        Audience.MEMBER,
        summary="我是谁，登录到什么时候",
        returns=session.Me,
    ),
    Route(
        "POST",
        "/api/phone",
        session.phone,
        Audience.MEMBER,
        summary="用手机号按钮的 code 得到自己的手机号（须先同意 phone 这项用途）",
        body=session.PhoneCode,
        returns=session.Phone,
        refusals=(NoConsent, Unproven, Unavailable),
    ),
    Route(
        "GET",
        "/api/consents",
        consents.show,
        Audience.MEMBER,
        summary="各项用途的说明，以及我同意了哪些",
        returns=consents.Consents,
    ),
    Route(
        "POST",
        "/api/consents",
        consents.give,
        Audience.MEMBER,
        summary="同意一项用途的现行说明",
        body=consents.Given,
        returns=consents.Consents,
        refusals=(Stale,),
    ),
    Route(
        "DELETE",
        "/api/consents/{purpose}",
        consents.revoke,
        Audience.MEMBER,
        summary="撤回对一项用途的同意",
        returns=consents.Consents,
        refusals=(NotFound,),
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
