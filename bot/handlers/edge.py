"""The edge: one function around every request, from its id to its log line."""

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler

from bot import telemetry
from bot.config import Config
from bot.deps import ACTOR, REQUEST_ID
from bot.domain.errors import DomainError
from bot.handlers import errors, forms, once
from bot.handlers.audience import Proof, anybody, proof_of
from bot.handlers.guard import IDLE, SERVING, GuardedHandler
from bot.handlers.headers import NO_STORE, POLICY, security_headers
from bot.handlers.surface import Route

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
CANCELLED = 499  # in the log only: nobody gets an answer


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


@dataclass(slots=True)
class Served:
    """A route as the edge needs it: the proof looked up, the metric of each outcome kept."""

    template: str
    proof: Proof
    route: Route | None
    quiet: bool
    once: bool
    observers: dict[tuple[str, int], Callable[[float], None]]

    def observe(self, method: str, status: int, seconds: float) -> None:
        key = (method, status // 100)
        observer = self.observers.get(key)
        if observer is None:
            observer = SECONDS.of(self.template, method, f"{status // 100}xx")
            self.observers[key] = observer
        observer(seconds)


def served(route: Route) -> Served:
    return Served(route.path, proof_of(route.audience), route, route.quiet, once.needed(route), {})


class Edge:
    """Everything around a handler, in one middleware, because each more costs every request.

    The order inside: id, audience, declared input, handler, refusals, log line and metrics.
    """

    def __init__(self, config: Config) -> None:
        self.served: dict[web.AbstractRoute, Served] = {}
        self._unmatched = Served(UNMATCHED, anybody, None, quiet=False, once=False, observers={})
        self._ids = RequestIds(trusted=config.trusted_proxies > 0)
        self._headers: Mapping[str, str] = security_headers(config)
        self._in_flight = 0
        IN_FLIGHT.set_function(lambda: self._in_flight)

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        began = perf_counter()
        connection = request.protocol
        guarded = connection if type(connection) is GuardedHandler else None
        if guarded is not None:
            guarded.phase = SERVING
        request_id = self._ids(request)
        request[REQUEST_ID] = request_id
        telemetry.REQUEST.set(request_id)
        served = self.served.get(request.match_info.route, self._unmatched)
        status = 500
        self._in_flight += 1
        try:
            answer = await self._answer(request, handler, served)
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
            self._note(request.method, served, status, perf_counter() - began)
        return answer

    async def _answer(
        self, request: web.Request, handler: Handler, served: Served
    ) -> web.StreamResponse:
        try:
            if served.proof is not anybody:
                request[ACTOR] = await served.proof(request)
            if served.route is not None and (contract := served.route.contract) is not None:
                if contract.query is not None:
                    request[forms.QUERY] = forms.read_query(request, contract.query)
                if contract.body is not None:
                    request[forms.BODY] = await forms.read_json(
                        request, contract.body, limit=contract.body_bytes
                    )
            if served.once:
                return await once.perform(request, handler)
            return await handler(request)
        except DomainError as refusal:
            return _instead(request, errors.refused(request, refusal))
        except web.HTTPException as answer:
            if answer.status < 400:
                raise
            return _instead(request, errors.from_library(request, answer))
        except Exception as error:  # noqa: BLE001  # the outermost place: all else is a bug
            return _instead(request, errors.crashed(request, error))

    @staticmethod
    def _note(method: str, served: Served, status: int, seconds: float) -> None:
        method = method if method in METHODS else "other"
        served.observe(method, status, seconds)
        if not served.quiet or status >= 500:
            telemetry.access_line(
                method=method, route=served.template, status=status, ms=round(seconds * 1000, 1)
            )

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
        headers.update(self._headers)
        if own is not None:
            headers[POLICY] = own
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = NO_STORE
        headers["X-Request-Id"] = request_id


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
