"""The API side: one table of endpoints, and the way each call goes through it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from aiohttp import web

from bot.sandbox import (
    checks,
    codes,
    licences,
    logins,
    menu,
    messages,
    quotas,
    subscriptions,
    tokens,
)
from bot.sandbox.answers import Answer, Call, Picture, Refused, Upload, as_response, refusal
from bot.sandbox.faults import LONGEST_S, ApiFault
from bot.sandbox.ledger import stamp, text
from bot.sandbox.world import WORLD, World

ERROR_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
PREFIXES = ("/cgi-bin/", "/wxa/", "/sns/", "/cv/")
SECRETS = {"secret", "access_token", "refresh_token", "session_key", "ticket", "phone_info"}
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Endpoint:
    method: str
    act: Callable[[Call], Answer]
    token: bool = True
    mini: bool | None = False  # with the mini-program's token, the service account's, either's
    upload: bool = False


# Later capabilities add their lines here.
ENDPOINTS = {
    "/cgi-bin/stable_token": Endpoint("POST", tokens.stable_token, token=False),
    "/cgi-bin/message/custom/send": Endpoint("POST", messages.custom_send, mini=None),
    "/cgi-bin/message/template/send": Endpoint("POST", messages.template_send),
    "/cgi-bin/message/subscribe/bizsend": Endpoint("POST", subscriptions.bizsend),
    "/cgi-bin/message/subscribe/send": Endpoint("POST", subscriptions.mini_send, mini=True),
    "/cgi-bin/media/upload": Endpoint("POST", codes.upload, upload=True),
    "/cgi-bin/media/get": Endpoint("GET", codes.media),
    "/cgi-bin/qrcode/create": Endpoint("POST", codes.create),
    "/cgi-bin/showqrcode": Endpoint("GET", codes.show, token=False),
    "/cgi-bin/ticket/getticket": Endpoint("GET", codes.ticket),
    "/wxa/getwxacodeunlimit": Endpoint("POST", codes.page_code, mini=True),
    "/wxa/generate_urllink": Endpoint("POST", codes.url_link, mini=True),
    "/cgi-bin/menu/create": Endpoint("POST", menu.create),
    "/cgi-bin/menu/get": Endpoint("GET", menu.get),
    "/cgi-bin/menu/delete": Endpoint("GET", menu.delete),
    "/cgi-bin/user/info": Endpoint("GET", logins.user_info),
    "/wxa/business/getuserphonenumber": Endpoint("POST", logins.phone_number, mini=True),
    "/wxa/msg_sec_check": Endpoint("POST", checks.text, mini=True),
    "/wxa/media_check_async": Endpoint("POST", checks.picture, mini=True),
    "/cv/ocr/bizlicense": Endpoint("POST", licences.read, mini=None, upload=True),
    "/sns/jscode2session": Endpoint("GET", logins.mini_session, token=False),
    "/sns/oauth2/access_token": Endpoint("GET", logins.web_token, token=False),
}


def routes() -> list[web.RouteDef]:
    return [web.route("*", prefix + "{rest:.*}", call) for prefix in PREFIXES]


async def call(request: web.Request) -> web.StreamResponse:
    """Trouble first (if ordered), then the call itself; every call is written down."""
    world = request.app[WORLD]
    raw: bytes = b""
    value: Answer | None = None
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        value = refusal(Refused(45002, "content size out of limit"))
    endpoint = ENDPOINTS.get(request.path)
    if endpoint and endpoint.upload and request.content_length is None:
        return web.Response(status=412)  # an upload of unknown length
    fault = world.faults.for_call(request.path, token=endpoint is None or endpoint.token)
    if fault and not fault.after:
        if fault.kind != "slow":
            _write_down(world, request, raw, answer=f"fault: {fault.kind}")
        if bad := await _trouble(world, request, fault):
            return bad
    if value is None:
        try:
            value = _carry_out(world, request, endpoint, raw)
        except Refused as refused:
            value = refusal(refused)
    _write_down(world, request, raw, answer=value)
    bad = await _trouble(world, request, fault) if fault and fault.after else None
    return bad or as_response(value)


def _carry_out(world: World, request: web.Request, endpoint: Endpoint | None, raw: bytes) -> Answer:
    if endpoint is None:
        raise Refused(40066, "invalid url")
    if request.method != endpoint.method:
        needed = endpoint.method
        raise Refused(43001 if needed == "GET" else 43002, f"require {needed} method")
    mini = False
    if endpoint.token:
        appid = tokens.check(world, request.query.get("access_token"))
        mini = appid == world.config.mini_appid
        if endpoint.mini not in {None, mini}:
            raise Refused(48001, "api unauthorized")
    quotas.check(world, request.path)
    if endpoint.upload:
        file = _file(raw, request.headers.get("Content-Type", ""))
        return endpoint.act(Call(world, {}, raw, request.query, file, mini))
    body = _object(raw) if endpoint.method == "POST" else {}
    return endpoint.act(Call(world, body, raw, request.query, mini=mini))


def _file(raw: bytes, content_type: str) -> Upload | None:
    """The file in a multipart body, read with the standard library's own reader of mails."""
    if not content_type.startswith(MULTIPART):
        return None
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    for part in BytesParser(policy=HTTP).parsebytes(head + raw).walk():
        if part.get_filename():
            content = part.get_payload(decode=True)
            return Upload(str(part.get_filename()), content if isinstance(content, bytes) else b"")
    return None


def _object(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        raise Refused(44002, "empty post data")
    try:
        value = json.loads(raw.decode(), parse_constant=_no_number)
        text(value).encode()  # a lone surrogate can be written as \\ud800 but is no text
    except (ValueError, RecursionError) as error:
        raise Refused(47001, "data format error") from error
    if not isinstance(value, dict):
        raise Refused(47001, "data format error")
    return value


def _no_number(name: str) -> None:
    raise ValueError(name)


async def _trouble(
    world: World, request: web.Request, fault: ApiFault
) -> web.StreamResponse | None:
    """Wait as ordered; then what to answer instead, or None to go on as if nothing was wrong."""
    if fault.kind == "silent":
        await world.faults.hold(LONGEST_S)
        if request.transport:
            request.transport.abort()
        return web.Response(status=504)
    if fault.delay_s:
        await world.faults.hold(fault.delay_s)
    if fault.kind == "errcode":
        return as_response(refusal(Refused(fault.errcode, fault.errmsg)))
    if fault.kind == "html":
        return web.Response(status=fault.status, text=ERROR_PAGE, content_type="text/html")
    if fault.kind == "status":
        return web.Response(status=fault.status)
    return None


def _write_down(world: World, request: web.Request, raw: bytes, *, answer: str | Answer) -> None:
    """Into the ledger, without the secret and the token."""
    if isinstance(answer, Picture):
        answer = {"picture": answer.content_type, "bytes": len(answer.content)}
    told = answer if isinstance(answer, str) else text(_masked(answer))
    world.ledger.run(
        "INSERT INTO calls (at, path, body, errcode, answer)"
        " VALUES (:at, :path, :body, :errcode, :answer)",
        {
            "at": stamp(world.clock()),
            "path": request.path[:200],
            "body": text(_masked(_maybe_object(raw))),
            "errcode": None if isinstance(answer, str) else answer.get("errcode", 0),
            "answer": told,
        },
    )


def _masked(value: dict[str, Any]) -> dict[str, Any]:
    return {name: "***" if name in SECRETS else one for name, one in value.items()}


def _maybe_object(raw: bytes) -> dict[str, Any]:
    try:
        return _object(raw)
    except Refused:
        return {}
