"""Idempotency-Key: a POST to the API that is sent twice is done once and answered twice.

A member has to give one. Who is not signed in may: without one the request is done each time, and
needs nothing of the database that it did not need before.

The edge asks `needed` of every route; a handler knows nothing of it. What counts as the same
request is method, address and the declared body, or fields and content of the files of an upload,
which is read first. Refusals are kept like answers; what may go well a little later is not.

Anybody may be nobody, so what is kept for them is bounded: whoever asks beyond it is served as if
they had given no key. Nobody's rows live 10 minutes and are swept every 5, so of 15 minutes' worth
there are, for each process, 1200 x 15 small answers of about 1 KiB with row and index, and 2 MiB x
15 of large ones: 48 MiB, and 96 MiB of the two processes that there are by default.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid5

from aiohttp import web

from bot.clients.database import GONE
from bot.deps import ACTOR, DEPS
from bot.domain.actors import Member
from bot.domain.errors import BadInput, DomainError, TooMany, Unavailable
from bot.handlers import errors, forms, papers, uploads
from bot.handlers.audience import SIGNED_IN
from bot.handlers.limits import Limiter, client_of
from bot.handlers.members import member
from bot.handlers.surface import Handler, Route
from bot.services import idempotency
from bot.services.bindings import TooFresh
from bot.services.consents import NoConsent
from bot.services.idempotency import InProgress, Kept, KeyReused

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
NOT_KEPT = frozenset({401, 408, 413, 429})
NOT_YET: tuple[type[DomainError], ...] = (NoConsent, TooFresh)  # agreeing or waiting mends it
LARGEST = 256 * 1024
LARGEST_FOR_NOBODY = 1024 * 1024  # the answer about 500 certificates is half of it
SMALL = 512  # a session or a refusal, which no flood of large answers pushes out
KEYS_OF_NOBODY = Limiter(per_client=600, in_all=1200, seconds=60)
BYTES_FOR_NOBODY = Limiter(per_client=LARGEST_FOR_NOBODY, in_all=2 * 1024 * 1024, seconds=60)


class NoKey(BadInput):
    """Without a key a request that was sent twice would be done twice."""

    code = "idempotency_key_missing"
    message = "请在请求头 Idempotency-Key 中给出 8 至 64 位的字母、数字、- 或 _，重试时用同一个。"


REFUSALS: tuple[type[DomainError], ...] = (NoKey, KeyReused, InProgress)


def needed(route: Route) -> bool:
    """Whether the edge asks for one."""
    return route.method == "POST" and route.path.startswith("/api/")


def required(route: Route) -> bool:
    """Whether nothing is done without one."""
    return route.audience in SIGNED_IN


def number(request: web.Request) -> UUID:
    """The same for each try of a member's request: for what must not be made twice, even where the
    first try was cut off before its answer was kept."""
    return uuid5(member(request).user_id, request.headers[HEADER])


async def perform(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Do it if its key is new; else answer what was answered."""
    key, actor = request.headers.get(HEADER), request.get(ACTOR)
    if key is None and actor is None:
        return await handler(request)
    if not KEY.fullmatch(key or ""):
        raise NoKey(field=HEADER)
    if not isinstance(actor, Member | None):
        raise TypeError("keys belong to members, or to nobody")
    if actor is None and not _within(KEYS_OF_NOBODY, request):
        return await handler(request)
    whose = (actor.user_id if actor else idempotency.NOBODY, key or "")
    async with _given(request) as given:
        return await _once(request, handler, whose, given, now=request.app[DEPS].clock())


async def _once(
    request: web.Request, handler: Handler, whose: tuple[UUID, str], given: str, *, now: datetime
) -> web.StreamResponse:
    (user, key), deps = whose, request.app[DEPS]
    asked = sha256(f"{request.method} {request.path_qs}\n{given}".encode()).digest()
    try:
        kept = await idempotency.take(user, key, asked, vault=deps.vault, now=now)
    except GONE:
        raise Unavailable from None  # nothing was done; some of this is answered without a key
    if kept is not None:
        return _again(kept)
    try:
        answer, final = await _answered(request, handler)
        kept = _keepable(request, answer) if final else None
        if kept is not None:
            await idempotency.keep(user, key, kept, vault=deps.vault, now=now)
    finally:
        if kept is None:
            await idempotency.let_go(user, key, now=now)
    return answer


async def _answered(request: web.Request, handler: Handler) -> tuple[web.StreamResponse, bool]:
    """The answer, and whether the same request would be answered so again."""
    try:
        return await handler(request), True
    except DomainError as refusal:
        if request.writer.output_size > 0:  # half of another answer is out: the edge hangs up
            raise
        return errors.refused(request, refusal), not isinstance(refusal, NOT_YET)


@asynccontextmanager
async def _given(request: web.Request) -> AsyncIterator[str]:
    """What was sent, in words that are the same for the same; an upload stays on the disk."""
    body = request.get(forms.BODY)
    if body is not None:
        yield body.model_dump_json()
    elif request.content_type == "multipart/form-data":
        async with uploads.read_parts(request, limits=papers.ONE) as parts:
            request[uploads.PARTS] = parts
            yield await asyncio.to_thread(_content, parts)
    else:
        yield f"{request.content_length} {request.content_type}"


def _content(parts: uploads.Parts) -> str:
    """Not the bytes of the body: the mark between its parts is another with each try."""
    files = []
    for one in parts.files:
        digest = sha256()
        while chunk := one.file.read(1 << 20):
            digest.update(chunk)
        one.file.seek(0)
        files.append([one.field, one.filename, digest.hexdigest()])
    return json.dumps([parts.fields, files], sort_keys=True)


def _keepable(request: web.Request, answer: web.StreamResponse) -> Kept | None:
    if answer.status in NOT_KEPT or answer.status >= 500 or not isinstance(answer, web.Response):
        return None
    body = answer.body or b""
    if not isinstance(body, bytes):
        return None
    if request.get(ACTOR):
        fits = len(body) <= LARGEST
    else:
        fits = len(body) <= SMALL or _within(BYTES_FOR_NOBODY, request, len(body))
    return Kept(answer.status, answer.content_type, body) if fits else None


def _within(limiter: Limiter, request: web.Request, cost: int = 1) -> bool:
    try:
        limiter.spend(client_of(request), cost)
    except TooMany:
        return False
    return True


def _again(kept: Kept) -> web.Response:
    answer = web.Response(status=kept.status, body=kept.body or None)
    if kept.body:
        answer.content_type = kept.content_type
    answer.headers[REPLAYED] = "true"
    return answer
