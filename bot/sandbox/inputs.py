"""Reads what the phone and the tests send, and answers mistakes as JSON without inner details."""

from typing import TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ValidationError

from bot.sandbox.world import Mistake

Model = TypeVar("Model", bound=BaseModel)
LOCAL = {"127.0.0.1", "localhost"}
FROM_PAGES = "/phone/web/"  # what pages of the product ask, which stand on another port


async def read(request: web.Request, model: type[Model]) -> Model:
    """A JSON body into its model; an empty one stands for {}."""
    if request.can_read_body and request.content_type != "application/json":
        raise Mistake(415, "not_json", "请用 application/json 提交。")
    raw = await request.read()
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        words = "提交的内容有误，请检查后再试。"
        raise Mistake(400, "bad_input", words, field=field, detail=first["msg"]) from error


def whole_number(request: web.Request, name: str, *, default: int, most: int) -> int:
    given = request.query.get(name, str(default))
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= most):
        raise Mistake(400, "bad_input", f"须为 1 到 {most} 的整数。", field=name)
    return int(given)


@web.middleware
async def only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page from elsewhere, open in the same browser, must not play with the phones."""
    origin = request.headers.get("Origin")
    own = {None, f"http://{request.host}"}
    if request.path.startswith(FROM_PAGES) and urlsplit(origin or "").hostname in LOCAL:
        own.add(origin)
    if urlsplit(f"//{request.host}").hostname not in LOCAL or origin not in own:
        raise Mistake(403, "not_local", "模拟微信只接受来自本机的访问。")
    return await handler(request)


@web.middleware
async def mistakes_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Mistake as mistake:
        return _error(mistake.status, mistake.code, str(mistake), **mistake.more)
    except web.HTTPRequestEntityTooLarge:
        return _error(413, "too_large", "内容太大，请缩短后再试。")
    except web.HTTPNotFound:
        return _error(404, "not_found", "没有这个地址。")
    except web.HTTPMethodNotAllowed:
        return _error(405, "method_not_allowed", "这个地址不支持这种请求方法。")


def _error(status: int, code: str, message: str, **more: str) -> web.Response:
    error = {"code": code, "message": message, **more}
    return web.json_response({"error": error}, status=status)
