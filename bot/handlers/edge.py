"""The edge: what is around every handler, from the id of a request to its log line."""

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter

from aiohttp import HttpVersion11, web

from bot import telemetry
from bot.config import Config
from bot.deps import ACTOR, REQUEST_ID
from bot.domain.errors import DomainError
from bot.handlers import errors, forms, once
from bot.handlers.audience import Proof, anybody, proof_of
from bot.handlers.guard import IDLE, SERVING, GuardedHandler
from bot.handlers.headers import NO_STORE, POLICY, security_headers
from bot.handlers.surface import Contract, Handler, Route

SECONDS = telemetry.Durations(
    "http_request_seconds",
    "从收到请求到得出回答的时间",
    ("route", "method", "status"),
    buckets=(0.005, 0.025, 0.1, 0.5, 1, 3, 5),
)
IN_FLIGHT = telemetry.gauge("http_requests_in_flight", "正在处理的请求数")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"
GIVEN_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
CANCELLED = 499  # in the log and the metrics only: nobody gets an answer
Recorder = Callable[[float], None]
"""Takes seconds."""


class RequestIds:
    """Short random ids, cut from one block of randomness.

    The block is drawn at the first request, so after the fork: two processes never share one.
    """

    def __init__(self, *, trusted: bool) -> None:
        self._trusted = trusted
        self._block = ""
        self._at = 0

    def __call__(self, request: web.Request) -> str:
        if self._trusted:
            given = request.headers.get("X-Request-Id", "")
            if GIVEN_ID.fullmatch(given):
                return given
        return self.fresh()

    def fresh(self) -> str:
        if self._at >= len(self._block):
            self._block = os.urandom(4096).hex()
            self._at = 0
        start, self._at = self._at, self._at + 16
        return self._block[start : self._at]


class Outcomes:
    """What is counted and written down about the answers of one route, by method and status."""

    def __init__(self, template: str, *, quiet: bool) -> None:
        self._template = template
        self._quiet = quiet
        self._known: dict[tuple[str, int], tuple[Recorder, Recorder | None]] = {}

    def note(self, method: str, status: int, seconds: float) -> None:
        kind = method if method in METHODS else "other", status
        observe, write = self._known.get(kind) or self._new(*kind)
        observe(seconds)
        if write is not None:
            write(seconds)

    def _new(self, method: str, status: int) -> tuple[Recorder, Recorder | None]:
        observe = SECONDS.of(self._template, method, f"{status // 100}xx")
        write = None
        if not self._quiet or status >= 500:
            write = telemetry.answered(method=method, route=self._template, status=status)
        self._known[method, status] = observe, write
        return observe, write


class Edge:
    """Everything around a handler, made for its route: no route pays for what it does not need.

    Not a middleware of the library, each of which costs every request. The order from the outside
    in: id, log line and metrics, refusals, audience, declared input, idempotency key, handler.
    """

    def __init__(self, config: Config) -> None:
        self._ids = RequestIds(trusted=config.trusted_proxies > 0)
        self.headers: Mapping[str, str] = security_headers(config)
        self._in_flight = 0
        IN_FLIGHT.set_function(lambda: self._in_flight)

    def around(self, route: Route) -> Handler:
        return self._around(_inside(route), Outcomes(route.path, quiet=route.quiet))

    def around_refusals(self, refuse: Handler) -> Handler:
        """For what no route takes; all of it is counted as one."""
        return self._around(refuse, Outcomes(UNMATCHED, quiet=False))

    def _around(self, inner: Handler, outcomes: Outcomes) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            began = perf_counter()
            connection = request.protocol
            guarded = connection if type(connection) is GuardedHandler else None
            if guarded is not None:
                guarded.phase = SERVING
            request_id = self._ids(request)
            request[REQUEST_ID] = request_id
            telemetry.REQUEST.set(request_id)
            status = 500
            self._in_flight += 1
            try:
                try:
                    answer = await inner(request)
                except Exception as error:  # noqa: BLE001  # the outermost place for all of them
                    answer = _shaped(request, error)
                status = answer.status
            except web.HTTPException as moved:  # a redirect; refusals have been given our shape
                status = moved.status
                raise
            except asyncio.CancelledError:  # the grace of a stop is over
                status = CANCELLED
                raise
            finally:
                self._in_flight -= 1
                if guarded is not None:
                    guarded.phase = IDLE
                outcomes.note(request.method, status, perf_counter() - began)
            return answer

        return handle

    def malformed(self, status: int) -> web.Response:
        """Answer what is not HTTP: it is no request of the app, so no signal reaches it."""
        answer = errors.malformed(status)
        self._put_on(answer, self._ids.fresh())
        return answer

    async def dress(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Put the security headers on; a signal, because it also reaches what is raised."""
        self._put_on(answer, request.get(REQUEST_ID) or self._ids.fresh())

    def _put_on(self, answer: web.StreamResponse, request_id: str) -> None:
        headers = answer.headers
        own = headers.get(POLICY)  # what people sent us is served under a stricter one
        headers.update(self.headers)
        if own is not None:
            headers[POLICY] = own
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = NO_STORE
        headers["X-Request-Id"] = request_id


def _inside(route: Route) -> Handler:
    """The handler with what its declaration asks for before it."""
    inner, contract, proof = route.handler, route.contract, proof_of(route.audience)
    if once.needed(route):
        inner = partial(once.perform, handler=inner)
    if contract is not None and (contract.query or contract.body):
        inner = _reading(contract, inner)
    if proof is not anybody:
        inner = _proving(proof, inner)
    return inner


def _reading(contract: Contract, inner: Handler) -> Handler:
    async def read(request: web.Request) -> web.StreamResponse:
        if contract.query is not None:
            request[forms.QUERY] = forms.read_query(request, contract.query)
        if contract.body is not None:
            request[forms.BODY] = await forms.read_json(
                request, contract.body, limit=contract.body_bytes
            )
        return await inner(request)

    return read


def _proving(proof: Proof, inner: Handler) -> Handler:
    async def prove(request: web.Request) -> web.StreamResponse:
        request[ACTOR] = await proof(request)
        return await inner(request)

    return prove


def _shaped(request: web.Request, error: Exception) -> web.Response:
    """The answer in place of what was raised; a redirect is raised again, as the library wants."""
    if isinstance(error, DomainError):
        return _instead(request, errors.refused(request, error))
    if not isinstance(error, web.HTTPException):
        return _instead(request, errors.crashed(request, error))  # a bug
    if error.status < 400:
        raise error
    return _instead(request, errors.from_library(request, error))


async def go_ahead(request: web.Request) -> None:
    """Answer `Expect: 100-continue`; any other expectation is ignored (RFC 9110, 10.1.1)."""
    if request.version == HttpVersion11 and request.headers["Expect"].lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun


def _instead(request: web.Request, answer: web.Response) -> web.Response:
    """Answer with this, unless half of another answer is out: then only hanging up is honest."""
    if request.writer.output_size > 0:
        raise ConnectionResetError
    return answer


EDGE = web.AppKey("EDGE", Edge)
