"""The one table from refusals to HTTP, as JSON for programs or as a page for people."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import orjson
import structlog
from aiohttp import web
from pydantic import BaseModel, Field

from bot.domain import errors as refusals
from bot.domain.errors import DomainError
from bot.domain.files import Unreadable
from bot.handlers import pages
from bot.handlers.members import nearest
from bot.services.idempotency import KeyReused

STATUS: Mapping[type[DomainError], HTTPStatus] = MappingProxyType(
    {
        DomainError: HTTPStatus.CONFLICT,  # understood, and not now: of all that are not below
        refusals.NotFound: HTTPStatus.NOT_FOUND,
        refusals.BadInput: HTTPStatus.BAD_REQUEST,
        refusals.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        refusals.TooSlow: HTTPStatus.REQUEST_TIMEOUT,
        refusals.BadSignature: HTTPStatus.FORBIDDEN,
        refusals.NotSignedIn: HTTPStatus.UNAUTHORIZED,
        refusals.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
        refusals.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        Unreadable: HTTPStatus.UNPROCESSABLE_ENTITY,
        KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)

RETRY_AFTER = MappingProxyType(
    {HTTPStatus.TOO_MANY_REQUESTS: "60", HTTPStatus.SERVICE_UNAVAILABLE: "5"}
)
# After these the rest of the body is unwanted: the connection cannot be used again.
HANG_UP = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT})
# What aiohttp itself refuses (no such path, wrong method, …), in our codes.
OF_LIBRARY: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        404: (refusals.NotFound.code, refusals.NotFound.message),
        405: ("method_not_allowed", "这个地址不支持这种操作。"),
        408: (refusals.TooSlow.code, refusals.TooSlow.message),
        413: (refusals.TooLarge.code, refusals.TooLarge.message),
    }
)
CRASH = ("internal", "系统出了问题，我们已经记录下来，请稍后再试。")

log = structlog.get_logger()


class ErrorBody(BaseModel):
    code: str = Field(description="固定不变的代码，供程序判断")
    message: str = Field(description="给人看的一句话")
    field: str | None = Field(default=None, description="有问题的字段，如 company.name")


class ErrorAnswer(BaseModel):
    error: ErrorBody


def status_of(kind: type[DomainError]) -> HTTPStatus:
    """Return the status of the class, or of the nearest one above it that has a line."""
    return next(STATUS[known] for known in kind.__mro__ if known in STATUS)


def refused(request: web.Request, refusal: DomainError) -> web.Response:
    return _answer(
        request, status_of(type(refusal)), refusal.code, str(refusal), field=refusal.field
    )


def from_library(request: web.Request, answer: web.HTTPException) -> web.Response:
    """Give aiohttp's own refusals our shape; its text, which may repeat the input, is dropped."""
    code, message = OF_LIBRARY.get(
        answer.status, CRASH if answer.status >= 500 else (DomainError.code, DomainError.message)
    )
    shaped = _answer(request, HTTPStatus(answer.status), code, message)
    if "Allow" in answer.headers:
        shaped.headers["Allow"] = answer.headers["Allow"]
    return shaped


def crashed(request: web.Request, error: Exception) -> web.Response:
    """Log a bug once, with its stack; tell the asker nothing but the request's id."""
    log.error("crashed", exc_info=error)
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, *CRASH)


def malformed(status: int) -> web.Response:
    """Answer what is not HTTP and so has no request, no route and no id."""
    code = refusals.BadInput.code if status < 500 else CRASH[0]
    message = refusals.BadInput.message if status < 500 else CRASH[1]
    return _json(HTTPStatus(status), code, message, None)


def _answer(
    request: web.Request, status: HTTPStatus, code: str, message: str, *, field: str | None = None
) -> web.Response:
    if _wants_json(request):
        answer = _json(status, code, message, field)
    else:
        kind = _kind(status, code)
        to = nearest(request.path) if kind == "unagreed" else ""
        answer = pages.render(
            request, "error.html", status=int(status), message=message, kind=kind, to=to
        )
    if status in RETRY_AFTER:
        answer.headers["Retry-After"] = RETRY_AFTER[status]
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if status in HANG_UP:
        answer.force_close()
    return answer


def _wants_json(request: web.Request) -> bool:
    accepts = request.headers.get("Accept", "")
    if request.path.startswith("/hooks/"):
        return True
    if "text/html" in accepts:
        return False
    return request.path.startswith("/api/") or "json" in accepts


def _json(status: HTTPStatus, code: str, message: str, field: str | None) -> web.Response:
    error = {"code": code, "message": message} | ({"field": field} if field else {})
    return web.Response(
        body=orjson.dumps({"error": error}), status=status, content_type="application/json"
    )


def _kind(status: HTTPStatus, code: str) -> str:
    """Sort refusals by what a person can do next; templates/error.html has a part for each."""
    if code == refusals.NotAgreed.code:
        return "unagreed"
    if status == HTTPStatus.NOT_FOUND:
        return "missing"
    if status == HTTPStatus.UNAUTHORIZED:
        return "signed_out"
    return "ours" if status >= 500 else "theirs"
