"""Enterprises, members and bindings as rows, made directly: for tests that begin after all that."""

from datetime import date, datetime, timedelta
from itertools import count
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.vault import Vault
from bot.domain.actors import Member, Staff
from bot.domain.bindings import LIVES, How, Role, State
from bot.domain.consents import TEXTS, Purpose
from bot.domain.credit_codes import check_character
from bot.domain.sessions import Door
from bot.services import audit, binding_steps, enterprises, sessions
from bot.services.sessions import Known, Opened
from models import Binding, Consent, Enterprise, EnterpriseName, Membership, RosterContact
from models.ids import new_id
from tests.conftest import NOW

ASSOCIATION = "中国中小企业协会"
OA, MINI = "wx5a4d0b0c0ffee001", "wx5a4d0b0c0ffee002"
TEST = Staff("测试")
_numbers = count(1)


def code(number: int) -> str:
    """A credit code with the right check character."""
    first = f"91110108MA{number:07d}"
    return first + check_character(first)


async def enterprise(
    name: str = "", credit_code: str = "", now: datetime = NOW, **_: object
) -> UUID:
    """One enterprise; without a name and a code of its own it gets fresh ones."""
    number = next(_numbers)
    name = name or f"晨星{number}号科技有限公司"
    one = Enterprise(id=new_id(now), credit_code=credit_code or code(number), name=name)
    async with in_transaction():
        await audit.note("enterprise.open", kind="enterprise", id=one.id, actor=TEST, now=now)
        await one.save(force_create=True)
        await EnterpriseName.create(
            id=new_id(now),
            enterprise_id=one.id,
            name=name,
            source="staff",
            recorded_by="测试",
            recorded_at=now,
        )
    return one.id


async def fill(binding_id: UUID, now: datetime = NOW, **given: object) -> None:
    """What somebody told about themselves."""
    async with in_transaction():
        await binding_steps.fill(await Binding.get(id=binding_id), actor=TEST, now=now, **given)


async def rename(enterprise_id: UUID, name: str, now: datetime = NOW) -> None:
    await enterprises.rename(enterprise_id, name, actor=TEST, now=now)


async def opened(openid: str = "", door: Door = Door.H5, now: datetime = NOW) -> Opened:
    """Somebody who signed in and agrees to everything but telling their phone number; `.token`
    opens this door, `.member` acts in services."""
    appid = OA if door is Door.H5 else MINI
    known = Known(appid, openid or f"person-{next(_numbers)}")
    found = await sessions.sign_in(known, door, now=now)
    await agree(found.member.user_id, now=now)
    return found


async def agree(user_id: UUID, *, now: datetime = NOW) -> None:
    texts = ((one, text) for one, text in TEXTS.items() if one is not Purpose.PHONE)
    await Consent.bulk_create(
        Consent(
            id=new_id(now), user_id=user_id, purpose=purpose.value, version=text.version,
            text_hash=text.hash, given_at=now,
        )
        for purpose, text in texts
    )  # fmt: skip


async def member(now: datetime = NOW) -> Member:
    return (await opened(now=now)).member


async def bind(
    user_id: UUID,
    enterprise_id: UUID,
    role: Role = Role.LEGAL,
    now: datetime = NOW,
    *,
    fresh_until: datetime | None = None,
) -> UUID:
    """An active binding that is not fresh any more."""
    binding = Binding(
        id=new_id(now),
        enterprise_id=enterprise_id,
        user_id=user_id,
        role=role,
        state=State.ACTIVE,
        how=How.ROSTER,
        requested_at=now - timedelta(days=4),
        active_at=now - timedelta(days=4),
        fresh_until=fresh_until or now - timedelta(days=1),
        expires_at=now + LIVES,
    )
    async with in_transaction():
        await binding.save(force_create=True)
        await audit.note("binding.claim", kind="binding", id=binding.id, actor=TEST, now=now)
    return binding.id


async def join(
    enterprise_id: UUID,
    level: str = "会员",
    since: date = date(2026, 1, 1),
    until: date = date(2026, 12, 31),
    *,
    association: str = ASSOCIATION,
    now: datetime = NOW,
) -> UUID:
    """A membership."""
    row = Membership(
        id=new_id(now),
        enterprise_id=enterprise_id,
        association=association,
        level=level,
        starts_on=since,
        ends_on=until,
        how="roster",
        recorded_by="测试",
        recorded_at=now,
    )
    await row.save(force_create=True)
    return row.id


async def on_roster(
    enterprise_id: UUID,
    phone: str,
    role: Role = Role.AGENT,
    *,
    vault: Vault,
    person: str = "王芳",
    association: str = ASSOCIATION,
    now: datetime = NOW,
) -> None:
    """Somebody whom the association's roster names for the enterprise."""
    row_id = new_id(now)
    await RosterContact.create(
        id=row_id,
        enterprise_id=enterprise_id,
        association=association,
        role=role,
        person=person,
        phone_sealed=vault.seal(phone, context=f"roster_contact:{row_id}:phone"),
        phone_blind=vault.blind(phone, context="phone"),
        recorded_at=now,
    )


async def put(binding_id: UUID, state: State, now: datetime = NOW) -> None:
    """The binding is in another state, however that came."""
    async with in_transaction():
        await Binding.filter(id=binding_id).update(state=state)
        await audit.note("binding.put", kind="binding", id=binding_id, actor=TEST, now=now)
