"""What a process says about itself: JSON log lines without secrets, and Prometheus metrics."""

import asyncio
import logging
import re
import sys
import traceback
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextvars import ContextVar
from datetime import datetime
from itertools import accumulate
from typing import Any, BinaryIO

import orjson
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

Event = MutableMapping[str, Any]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


def counter(name: str, meaning: str, labels: tuple[str, ...] = ()) -> Counter:
    return Counter(name, meaning, labels, registry=REGISTRY)


def gauge(name: str, meaning: str, labels: tuple[str, ...] = ()) -> Gauge:
    return Gauge(name, meaning, labels, registry=REGISTRY)


def histogram(
    name: str, meaning: str, labels: tuple[str, ...] = (), *, buckets: tuple[float, ...]
) -> Histogram:
    return Histogram(name, meaning, labels, registry=REGISTRY, buckets=buckets)


class Durations(Collector):
    """A histogram for what every request pays: plain numbers, put together when somebody asks.

    The library's own takes a lock for each of two numbers; only the loop's thread counts here.
    """

    def __init__(
        self, name: str, meaning: str, labels: tuple[str, ...], buckets: tuple[float, ...]
    ) -> None:
        self._named = name, meaning, labels
        self._buckets = buckets
        self._counted: dict[tuple[str, ...], list[float]] = {}
        REGISTRY.register(self)

    def of(self, *values: str) -> Callable[[float], None]:
        """What counts one duration, in seconds, under these values of the labels."""
        buckets, sum_at = self._buckets, len(self._buckets) + 1
        counted = self._counted.setdefault(values, [0.0] * (sum_at + 1))

        def observe(seconds: float) -> None:
            counted[bisect_left(buckets, seconds)] += 1
            counted[sum_at] += seconds

        return observe

    def collect(self) -> Iterable[HistogramMetricFamily]:
        name, meaning, labels = self._named
        family = HistogramMetricFamily(name, meaning, labels=labels)
        bounds = (*map(floatToGoString, self._buckets), "+Inf")
        for values, counted in self._counted.items():
            family.add_metric(
                values, [*zip(bounds, accumulate(counted[:-1]), strict=True)], counted[-1]
            )
        yield family


class Tally(Collector):
    """A counter for what every request pays: see `Durations`."""

    def __init__(self, name: str, meaning: str, label: str, values: Iterable[str]) -> None:
        self._named = name, meaning, (label,)
        self.counted = dict.fromkeys(values, 0)
        REGISTRY.register(self)

    def collect(self) -> Iterable[CounterMetricFamily]:
        name, meaning, labels = self._named
        family = CounterMetricFamily(name, meaning, labels=labels)
        for value, counted in self.counted.items():
            family.add_metric((str(value),), counted)
        yield family


LOST = counter("log_lines_lost", "没能写出的日志行数")

REQUEST: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being served. A request runs in a task of its own, so nobody resets it."""

MASK = "***"
OURS = frozenset({"request_id", "timestamp", "level", "event", "stack"})
SENSITIVE_KEY = re.compile(
    r"(?i)secret|token|passw|authorization|cookie|open_?id|union_?id|session_key|aes_?key|api_?key"
    r"|private_?key|id_?card|phone|mobile|signature|ticket|js_?code|encrypt|^body$|^query$"
)
# The safety net under our own care: nothing that looks like one of these leaves the process.
NET = (
    (re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])"), MASK),  # resident ID number
    (re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"), MASK),  # mobile number
    (re.compile(r"(?<![\w-])o[A-Za-z0-9_-]{27}(?![\w-])"), MASK),  # openid
    (re.compile(r"://[^/\s@]+@"), f"://{MASK}@"),  # password in an address
    (
        re.compile(
            r"(?i)([\w-]*(?:secret|token|passw|open_?id|session_key|signature|ticket|js_code)[\w-]*"
            r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+"
        ),
        rf"\g<1>{MASK}",
    ),
)
LONGEST_TEXT = 500
DEEPEST = 4


def masked(value: object, depth: int = 0) -> object:
    """Return the value as it may be written down."""
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()  # half a character would stop the writer
        for pattern, instead in NET:
            value = pattern.sub(instead, value)
        return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT] + "…"
    if isinstance(value, bool | None | datetime | float):
        return value
    if isinstance(value, int):
        return MASK if masked(str(value)) == MASK else value
    return _masked_container(value, depth)


def _masked_container(value: object, depth: int) -> object:
    if depth >= DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return {
            str(key): MASK if SENSITIVE_KEY.search(str(key)) else masked(inner, depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(inner, depth + 1) for inner in value]
    return masked(str(value), depth)


def mask_event(_logger: object, _method: str, event: Event) -> Event:
    return {
        key: value
        if key in OURS - {"event"}
        else MASK
        if SENSITIVE_KEY.search(key)
        else masked(value)
        for key, value in event.items()
    }


def add_request_id(_logger: object, _method: str, event: Event) -> Event:
    if request_id := REQUEST.get():
        event["request_id"] = request_id
    return event


def unfold_exception(_logger: object, _method: str, event: Event) -> Event:
    """Write where it happened and what it was called; the values of variables stay out."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__name__}: {error}"
        event["stack"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        if cause := error.__cause__ or error.__context__:
            event["cause"] = f"{type(cause).__name__}: {cause}"
    return event


AT_ONCE = 16  # lines: together they are below what a pipe takes in one piece, so none is torn


class Lines:
    """Where log lines go; one object for ever, so that loggers may be kept."""

    def __init__(self) -> None:
        self.stream: BinaryIO | None = None
        self.clock: Callable[[], datetime] | None = None
        self._soon: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def write_soon(self, begun: str) -> None:
        """A line up to its timestamp, written with the others of this turn of the loop: a write
        costs more than a line. Only a process that is killed in this very turn loses them."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop or not self._soon:
            self._loop = loop
            loop.call_soon(self._end_lines)
        self._soon.append(begun)
        if len(self._soon) == AT_ONCE:
            self._end_lines()

    def _end_lines(self) -> None:
        if not self._soon:
            return
        begun, self._soon = self._soon, []
        end = f',"timestamp":"{self.clock().isoformat()}"}}' if self.clock else "}"
        self.write(f"{end}\n".join(begun).encode() + end.encode(), lines=len(begun))

    def write(self, line: bytes, *, lines: int = 1) -> None:
        stream = self.stream or sys.stdout.buffer  # looked up late: tests put another one there
        try:
            stream.write(line + b"\n")
            stream.flush()
        except OSError:  # a full disk or a reader that is gone: serving goes on
            LOST.inc(lines)

    msg = debug = info = warning = error = critical = exception = write


LINES = Lines()


def _stamp(_logger: object, _method: str, event: Event) -> Event:
    if LINES.clock is not None:
        event["timestamp"] = LINES.clock()
    return event


class _Bridge(logging.Handler):
    """Libraries speak to the standard logging module; their lines join ours."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info
        )


def _loggers(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_request_id,
            structlog.processors.add_log_level,
            _stamp,
            unfold_exception,
            mask_event,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: LINES,
    )


# At import, because structlog's own default prints the local variables of every frame.
_loggers("info")


def configure(*, level: str, clock: Callable[[], datetime], stream: BinaryIO | None = None) -> None:
    """Send every log line of the process, libraries included, to the stream (standard output)."""
    LINES.stream = stream
    LINES.clock = clock
    _loggers(level)
    logging.root.handlers = [_Bridge()]
    logging.root.setLevel(max(logging.WARNING, _number(level)))


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def answered(*, method: str, route: str, status: int) -> Callable[[float], None]:
    """What writes the line about one answer of this kind, given its seconds.

    Past structlog, because this is on the path of every request: the route is the template, so
    there is nothing in it that would have to be masked.
    """
    kind = {"event": "answered", "level": "info", "method": method, "route": route}
    begin = orjson.dumps(kind | {"status": status}).decode().removesuffix("}")

    def write(seconds: float) -> None:
        LINES.write_soon(f'{begin},"ms":{seconds * 1000:.1f},"request_id":"{REQUEST.get()}"')

    return write


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(
        body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


async def serve_metrics(host: str, port: int) -> web.AppRunner:
    """Answer /metrics and nothing else on a private port; the caller cleans the runner up."""
    app = web.Application()
    app.router.add_get("/metrics", _metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
