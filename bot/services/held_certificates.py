"""The certificates that an enterprise holds, as its own people see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from bot.domain.actors import Member
from bot.domain.certificate_token import address
from bot.domain.certificates import REASON_WORDS, USABLE, WORDS, State, today
from bot.domain.errors import NotFound
from bot.domain.files import Media
from bot.domain.papers import Kind, RareCharacter, file_name
from bot.scoring.programme import Programme
from bot.services import (
    bindings,
    certificate_life,
    memberships,
    papers,
    plaques,
    rare_texts,
)
from bot.services.cabinet import Cabinet
from bot.services.certificate_life import Certificate
from bot.services.certificate_programmes import find_programme, meaning
from bot.services.papers import Given
from bot.services.plaques import Order
from bot.services.verification import Verifier

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "issue": "签发",
        "suspend": "暂停",
        "resume": "恢复",
        "review": "年审通过",
        "withdraw": "注销",
        "revoke": "撤销",
        "supersede": "换发新证",
    }
)


@dataclass(frozen=True, slots=True)
class Held:
    """One certificate in the list."""

    certificate: Certificate
    programme: Programme
    state: State

    @property
    def word(self) -> str:
        return WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of its history; who of the staff did it stays inside."""

    at: datetime
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything about one of them."""

    held: Held
    meaning: str
    verify_url: str
    """As its QR code says; empty until it is signed."""
    printed: bool
    """Whether PDF and picture are there; if not they are made when somebody asks for them."""
    rare: bool
    """Whether a person has to say first how the name is printed."""
    history: tuple[Happened, ...]
    """The newest first."""
    plaque: Order | None
    member_until: date | None
    """The last day of a membership that is over: shown, and nothing more (X35)."""

    @property
    def usable(self) -> bool:
        return self.held.state in USABLE


async def listed(enterprise_id: UUID, *, actor: Member, now: datetime) -> tuple[Held, ...]:
    """All of an enterprise, the newest first."""
    await bindings.require(actor, enterprise_id, now=now)
    return tuple(_held(one, now) for one in await certificate_life.of_enterprise(enterprise_id))


async def look(
    enterprise_id: UUID, number: str, *, actor: Member, base: str, now: datetime
) -> Whole:
    held = await _one(enterprise_id, number, actor=actor, now=now)
    found = held.certificate
    return Whole(
        held=held,
        meaning=meaning(held.programme, found.level),
        verify_url=address(base, found.number, found.token) if found.token else "",
        printed=await papers.ready(Kind.CERTIFICATE, found.id, now=now),
        rare=await rare_texts.waits(enterprise_id, found.name),
        history=await _history(found),
        plaque=await plaques.of_certificate(found),
        member_until=await memberships.ended(enterprise_id, held.programme.issuer, on=today(now)),
    )


async def paper(
    enterprise_id: UUID,
    number: str,
    media: Media,
    *,
    actor: Member,
    now: datetime,
    cabinet: Cabinet,
) -> tuple[str, Given]:
    """PDF or picture with the name of its file; only of a certificate that may be used today."""
    held = await _one(enterprise_id, number, actor=actor, now=now)
    if held.state not in USABLE:
        raise NotFound("这张证书现在不能使用，不再提供下载。")
    found = held.certificate
    given = await papers.taken(
        found.id, Kind.CERTIFICATE, media, enterprise_id=enterprise_id, now=now, cabinet=cabinet
    )
    return file_name(Kind.CERTIFICATE, f"{found.name} {found.number}", media), given


async def picture(
    enterprise_id: UUID, *, verifier: Verifier, now: datetime, cabinet: Cabinet
) -> bytes | None:
    """The newest one that may be shown, to be sent to somebody whose enterprise it is; NotYetMade
    while it is being made."""
    for found in await certificate_life.of_enterprise(enterprise_id):
        if verifier.standing(found.number, now=now).state in USABLE:
            try:
                given = await papers.taken(
                    found.id,
                    Kind.CERTIFICATE,
                    Media.PNG,
                    enterprise_id=enterprise_id,
                    now=now,
                    cabinet=cabinet,
                )
            except RareCharacter:
                continue
            return given.data
    return None


async def _one(enterprise_id: UUID, number: str, *, actor: Member, now: datetime) -> Held:
    await bindings.require(actor, enterprise_id, now=now)
    found = await certificate_life.find(number)
    if found.enterprise_id != enterprise_id or found.number != number:
        raise NotFound("没有这个编号的证书。")
    return _held(found, now)


def _held(one: Certificate, now: datetime) -> Held:
    return Held(one, find_programme(one.programme), one.state_on(today(now)))


async def _history(found: Certificate) -> tuple[Happened, ...]:
    lines = await certificate_life.trail(found.id)
    told = [
        Happened(line.at, ACTIONS[line.action], REASON_WORDS.get(line.reason, "")) for line in lines
    ]
    return tuple(reversed(told))
