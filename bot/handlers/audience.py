"""Audiences: who a route is for, and how each of them proves to be it."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from aiohttp import web

from bot.domain.errors import NotFound
from bot.handlers import members

Proof = Callable[[web.Request], Awaitable[object]]
"""Returns the actor or raises a DomainError; the actor is kept under ACTOR."""


class Audience(StrEnum):
    PUBLIC = "public"
    """Anybody; there is nothing to prove."""
    PROVIDER = "provider"
    """WeChat and its like; the handler in bot/handlers/hooks proves it over the raw body."""
    PERSON = "person"
    """Somebody signed in through WeChat, whether or not they agreed to the privacy text: for what
    the law gives without that, and for agreeing itself."""
    MEMBER = "member"
    """Somebody signed in who agreed to it."""
    STAFF = "staff"
    """A person of the association, signed in at the console."""


async def anybody(_request: web.Request) -> None:
    """Nothing to prove here: the route is public, or its handler checks a signature of the body."""


async def nobody(_request: web.Request) -> None:
    """Stand for every audience that cannot prove itself yet: closed, and it does not show."""
    raise NotFound


PROOFS: Mapping[Audience, Proof] = MappingProxyType(
    {
        Audience.PUBLIC: anybody,
        Audience.PROVIDER: anybody,
        Audience.PERSON: members.prove,
        Audience.MEMBER: members.prove_agreed,
    }
)
SIGNED_IN = frozenset({Audience.PERSON, Audience.MEMBER})


def proof_of(audience: Audience) -> Proof:
    return PROOFS.get(audience, nobody)
