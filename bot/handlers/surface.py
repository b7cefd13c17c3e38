"""Route: one declaration from which the router, the validation and the API document are made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from bot.domain.errors import DomainError
from bot.handlers.audience import Audience
from bot.handlers.forms import JSON_BYTES

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Contract:
    """What an operation of the API takes, gives and refuses; it stands beside its handler."""

    summary: str
    """One Chinese line for the API document."""
    body: type[BaseModel] | None = None
    """Read from JSON before the handler runs; `forms.body(request, Model)` hands it over."""
    body_bytes: int = JSON_BYTES
    """At most; a longer body is refused before it is read on."""
    query: type[BaseModel] | None = None
    """Read from the query string before the handler runs; `forms.query(request, Model)`."""
    form: type[BaseModel] | None = None
    """The fields of a multipart form with a `file`; the handler reads it."""
    raw: bool = False
    """The body is the bytes themselves; the handler reads it."""
    returns: type[BaseModel] | None = None
    gives: tuple[str, ...] = ()
    """The types of an answer that is no JSON."""
    statuses: tuple[int, ...] = (200,)
    """With which `returns` may come."""
    refusals: tuple[type[DomainError], ...] = ()
    """What the handler itself may refuse with."""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Handler
    audience: Audience
    contract: Contract | None = None
    """A route with one stands in the API document; a page for people has none."""
    quiet: bool = False
    """Asked all the time by machines: not worth a log line unless it fails."""
    at_hand: bool = False
    """Asked by the thousand a second: its path is known without a search."""
