"""The only readers of request bodies and queries: bytes counted, time limited, input typed."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from bot.domain.errors import BadInput, TooLarge, TooSlow
from bot.handlers.filled import Filled, check

JSON_BYTES = 64 * 1024
FORM_BYTES = 64 * 1024
FORM_FIELDS = 200
DEADLINE_S = 10.0

M = TypeVar("M", bound=BaseModel)

BROKEN = "内容没有完整收到，请重新提交。"
NUL = "\0"
UNKEPT = "内容里有不能保存的字符，请去掉后重新提交。"
"""No page and no keyboard sends U+0000, and PostgreSQL keeps no text that holds it."""

BODY = web.RequestKey("BODY", BaseModel)
QUERY = web.RequestKey("QUERY", BaseModel)


class Input(BaseModel):
    """What comes from outside: nothing extra, nothing changed later, nothing shown in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


async def read_body(request: web.Request, *, limit: int, deadline: float = DEADLINE_S) -> bytes:
    """Return the whole body, unpacked, or raise TooLarge, TooSlow or BadInput.

    What is counted is what arrives, after unpacking: a Content-Length may lie or be missing.
    """
    if (promised := request.content_length) is not None and promised > limit:
        raise TooLarge
    content = request.content
    if content.is_eof() and content.exception() is None:  # arrived with the headers: no timer
        body = content.read_nowait(-1)
        if len(body) > limit:
            raise TooLarge
        return body
    chunks = []
    left = limit
    try:
        async with asyncio.timeout(deadline):
            async for chunk in chunks_of(request):
                left -= len(chunk)
                if left < 0:
                    raise TooLarge
                chunks.append(chunk)
    except TimeoutError:
        raise TooSlow from None
    return b"".join(chunks)


async def chunks_of(request: web.Request) -> AsyncIterator[bytes]:
    """Yield what arrives as it arrives; a broken transfer is bad input, not a bug of ours."""
    try:
        while chunk := await request.content.readany():
            yield chunk
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
        raise BadInput(BROKEN) from None


async def read_json(
    request: web.Request,
    model: type[M],
    *,
    limit: int = JSON_BYTES,
    deadline: float = DEADLINE_S,
) -> M:
    if request.content_type != "application/json":
        # Also closes a door: a foreign page can send text/plain without asking, but not this.
        raise BadInput("请以 JSON 格式提交（Content-Type: application/json）。")
    body = await read_body(request, limit=limit, deadline=deadline)
    if rb"\u0000" in body:
        raise BadInput(UNKEPT)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error) from None


async def read_form(
    request: web.Request,
    model: type[M],
    *,
    limit: int = FORM_BYTES,
    deadline: float = DEADLINE_S,
) -> M:
    """Read a form of hidden fields and buttons; a field that is sent twice is refused, not guessed.

    A form that people fill in is read with `fill`.
    """
    return _from_pairs(await _pairs(request, limit=limit, deadline=deadline), model)


async def fill(
    request: web.Request,
    model: type[M],
    *,
    limit: int = FORM_BYTES,
    deadline: float = DEADLINE_S,
) -> Filled[M]:
    """Read a form that a person filled in; raises for what no page of ours sends, not for faults.

    A form with files: `uploads.read_parts`, then `filled.check(parts.fields.items(), Model)`.
    """
    return check(await _pairs(request, limit=limit, deadline=deadline), model)


async def _pairs(request: web.Request, *, limit: int, deadline: float) -> list[tuple[str, str]]:
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadInput("请在页面上填写后提交。")
    body = await read_body(request, limit=limit, deadline=deadline)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS, errors="strict"
        )
    except ValueError:  # not UTF-8, or too many fields
        raise BadInput from None
    _refuse_nul(pairs)
    return pairs


def read_query(request: web.Request, model: type[M]) -> M:
    pairs = list(request.query.items())
    _refuse_nul(pairs)
    return _from_pairs(pairs, model)


def _refuse_nul(pairs: list[tuple[str, str]]) -> None:
    if any(NUL in text for pair in pairs for text in pair):
        raise BadInput(UNKEPT)


def _from_pairs(pairs: list[tuple[str, str]], model: type[M]) -> M:
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise BadInput("同一项填写了两次，请只保留一次。", field=_path((name,)))
    try:
        return model.model_validate(dict(pairs))
    except ValidationError as error:
        raise _refusal(error) from None


def body(request: web.Request, model: type[M]) -> M:
    """Return the body that the route declared and the edge has read."""
    return _declared(request, BODY, model)


def query(request: web.Request, model: type[M]) -> M:
    """Return the query that the route declared and the edge has read."""
    return _declared(request, QUERY, model)


def _declared(request: web.Request, key: web.RequestKey[BaseModel], model: type[M]) -> M:
    value = request.get(key)
    if not isinstance(value, model):
        raise TypeError(f"the route declares no {model.__name__}")
    return value


# What was wrong, by pydantic's own names; {field} is the path, {…} pydantic's limits.
SENTENCES: Mapping[str, str] = {
    "json_invalid": "内容不是完整的 JSON，请检查格式。",
    "missing": "缺少“{field}”，请补上。",
    "extra_forbidden": "“{field}”不在可提交的内容之列，请去掉。",
    "string_too_short": "“{field}”太短，至少 {min_length} 个字。",
    "string_too_long": "“{field}”太长，最多 {max_length} 个字。",
    "string_pattern_mismatch": "“{field}”的格式不对，请检查。",
    "too_long": "“{field}”太多，最多 {max_length} 项。",
    "too_short": "“{field}”太少，至少 {min_length} 项。",
    "greater_than_equal": "“{field}”太小，不能小于 {ge}。",
    "less_than_equal": "“{field}”太大，不能大于 {le}。",
    "greater_than": "“{field}”须大于 {gt}。",
    "less_than": "“{field}”须小于 {lt}。",
    "enum": "“{field}”不是可选的值。",
    "literal_error": "“{field}”不是可选的值。",
}
OTHERWISE = "“{field}”的内容不对，请检查后再提交。"
PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")


def _refusal(error: ValidationError) -> BadInput:
    """Put the first fault into one sentence: the field's path and our own limits, no input."""
    fault: ErrorDetails = error.errors(include_url=False, include_input=False)[0]
    path = _path(fault["loc"])
    if not path and fault["type"] != "json_invalid":
        return BadInput()
    limits = {
        name: value for name, value in fault.get("ctx", {}).items() if isinstance(value, int | str)
    }
    sentence = SENTENCES.get(fault["type"], OTHERWISE)
    return BadInput(sentence.format_map({**limits, "field": path}), field=path or None)


def _path(places: tuple[int | str, ...]) -> str:
    """Join the places; a name that the sender made up is cut off unless it is a plain one."""
    steps = [str(step) for step in places]
    plain = [step for step in steps if step.isdigit() or PLAIN_NAME.fullmatch(step)]
    return ".".join(plain) if len(plain) == len(steps) else ""
