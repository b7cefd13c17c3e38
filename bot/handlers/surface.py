"""Route: one declaration from which the router, the validation and the API document are made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from bot.domain.errors import DomainError
from bot.handlers.audience import Audience

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Handler
    audience: Audience
    summary: str = ""
    """One Chinese line; a route with a summary stands in the API document."""
    body: type[BaseModel] | None = None
    """Read from JSON before the handler runs; `forms.body(request, Model)` hands it over."""
    query: type[BaseModel] | None = None
    """Read from the query string before the handler runs; `forms.query(request, Model)`."""
    returns: type[BaseModel] | None = None
    statuses: tuple[int, ...] = (200,)
    """With which `returns` may come."""
    refusals: tuple[type[DomainError], ...] = ()
    """What the handler itself may refuse with, for the document."""
    quiet: bool = False
    """Asked all the time by machines: not worth a log line unless it fails."""
