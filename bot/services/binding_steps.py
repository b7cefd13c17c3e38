"""The one way in which a binding begins and moves: with its trail, its audit entry and its lock."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from bot.clients.database import fetch
from bot.domain.actors import Actor, Member
from bot.domain.bindings import FRESH, HOLDING, LIVES, OPEN, RENEW_AFTER, STEPS, How, Role, State
from bot.domain.errors import NotFound, Stale
from bot.services import audit, people
from models import Binding, BindingStep, Enterprise
from models.ids import new_id

_OVER = frozenset({State.REJECTED, State.REVOKED, State.EXPIRED})


async def lock(enterprise_id: UUID) -> Enterprise:
    """Whoever changes who acts for an enterprise does so one after the other.

    Rows that only refer to it may be written meanwhile: whoever holds one of its certificates
    writes the trail of that without waiting for us.
    """
    one = Enterprise.filter(id=enterprise_id)
    enterprise = await one.select_for_update(no_key=True).first()
    if enterprise is None:
        raise NotFound
    return enterprise


async def begin(binding: Binding, *, actor: Actor, now: datetime) -> Binding:
    """Add a binding under the lock of its enterprise; its id and its days are given here."""
    binding.id, binding.requested_at = new_id(now), now
    if binding.state is State.ACTIVE:
        binding.update_from_dict(won(now))
    await binding.save(force_create=True)
    action = "join" if binding.how is How.INVITATION else "claim"
    await _trail(binding, action, None, actor=actor, now=now)
    return binding


async def move(
    binding: Binding, action: str, *, actor: Actor, now: datetime, reason: str = "", **more: object
) -> None:
    """Take one step of the table, or raise Stale: somebody was faster and nothing was written.

    A role is given here and not set before: the trail tells also which it was.
    """
    step = STEPS[action]
    before = _stands(binding)
    changes = more | ({"ended_at": now} if step.target in _OVER else {})
    if step.target is State.ACTIVE and binding.state is not State.ACTIVE:
        changes |= won(now)
    moved = await Binding.filter(id=binding.id, state__in=step.sources).update(
        state=step.target, **changes
    )
    if not moved:
        raise Stale
    binding.state = step.target
    if isinstance(role := more.get("role"), Role):
        binding.role = role
    await _trail(binding, action, before, actor=actor, now=now, reason=reason)


async def recast(binding: Binding, role: Role, *, actor: Actor, now: datetime) -> None:
    """A claim that waits is for another role than was first said."""
    before = _stands(binding)
    await Binding.filter(id=binding.id).update(role=role)
    binding.role = role
    await _trail(binding, "recast", before, actor=actor, now=now)


async def fill(binding: Binding, *, actor: Actor, now: datetime, **given: object) -> None:
    """Note what a person tells about themselves, or that it is erased; no step of the binding."""
    await audit.note(
        "binding.fill",
        kind="binding",
        id=binding.id,
        actor=actor,
        now=now,
        enterprise_id=binding.enterprise_id,  # type: ignore[attr-defined]
        after={name: bool(value) for name, value in given.items()},
    )
    await Binding.filter(id=binding.id).update(**given)


def won(now: datetime) -> dict[str, datetime]:
    """From today on, with the days in which nothing is exported or paid out."""
    return {"active_at": now, "fresh_until": now + FRESH, "expires_at": now + LIVES}


async def person_of(binding: Binding) -> UUID:
    """Whose binding it is, also when two users proved to be one person."""
    rows = await fetch(
        "SELECT coalesce(joined_into_id, id) AS id FROM app_user WHERE id = $1",
        binding.user_id,  # type: ignore[attr-defined]
    )
    found: UUID = rows[0]["id"]
    return found


async def holders(enterprise_id: UUID, *, now: datetime) -> list[Binding]:
    """Who holds the enterprise: also the suspended, and those who may still renew."""
    return await Binding.filter(
        enterprise_id=enterprise_id, state__in=HOLDING, expires_at__gt=now - RENEW_AFTER
    ).order_by("active_at", "id")


async def mine(enterprise_id: UUID, user_id: UUID) -> Binding | None:
    """The open binding of a person that counts, of those that `each_of` finds."""
    return next(iter(await each_of(user_id, enterprise_id)), None)


async def each_of(user_id: UUID, enterprise_id: UUID) -> list[Binding]:
    """Every open binding of a person, the active first: each of two users that proved to be one
    person may have had its own."""
    rows = Binding.filter(people.of(user_id), enterprise_id=enterprise_id, state__in=OPEN)
    return await rows.order_by("state", "id")


async def repeated(binding: Binding, action: str, *, actor: Actor) -> bool:
    """Whether the last that happened to it was this act by the same member.

    Whose phone asks once more, for the answer was lost on the way, is answered as at first.
    Staff at a command are told that it was done before.
    """
    if not isinstance(actor, Member):
        return False
    last = await BindingStep.filter(binding_id=binding.id).order_by("-at", "-id").first()
    return last is not None and (last.action, last.by) == (action, people.label(actor))


async def _trail(
    binding: Binding,
    action: str,
    before: Mapping[str, object] | None,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    await BindingStep.create(
        id=new_id(now),
        binding_id=binding.id,
        state=binding.state,
        action=action,
        role=binding.role,
        by=people.label(actor),
        reason=reason[:200],
        at=now,
    )
    await audit.note(
        f"binding.{action}",
        kind="binding",
        id=binding.id,
        actor=actor,
        now=now,
        enterprise_id=binding.enterprise_id,  # type: ignore[attr-defined]
        before=before,
        after=_stands(binding),
        reason=reason,
    )


def _stands(binding: Binding) -> dict[str, object]:
    return {"state": binding.state, "role": binding.role}
