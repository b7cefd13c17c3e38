"""Drafts: what was typed and not handed in is kept field by field, and nobody overwrites unseen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from tortoise.expressions import F
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Member
from bot.domain.errors import BadInput, Stale
from models import Draft
from models.ids import new_id

Value = str | list[str] | None
"""Of a field: as it was typed; None empties it."""

LONGEST = 20_000  # characters of one form, all fields together
_LOCK = 4104


class Overtaken(Stale):
    """Somebody else changed the same fields since this form was opened; nothing was written."""

    code = "overtaken"

    def __init__(self, names: tuple[str, ...], *, at: datetime, mine: bool) -> None:
        who = "您在另一台设备上" if mine else "您的同事"
        super().__init__(f"{who}刚刚改过这里，请看一下新的内容，再决定怎么填。", field=names[0])
        self.names = names
        self.at = at
        self.mine = mine


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft as it stands; `version` is what its next writer has to have seen."""

    fields: Mapping[str, Value]
    version: int
    begun: int
    """Who has seen an older version has seen a draft that was handed in since."""
    saved_at: datetime | None
    saved_by: UUID | None


NONE: Final = Saved(MappingProxyType({}), 0, 0, None, None)


async def load(kind: str, subject: UUID) -> Saved:
    """The draft of this kind about this subject. Whose it is, its caller has asked already."""
    draft = await Draft.get_or_none(kind=kind, subject=subject)
    return _saved(draft) if draft else NONE


async def save(
    kind: str, subject: UUID, given: Mapping[str, Value], *, seen: int, actor: Member, now: datetime
) -> Saved:
    """Merge the given fields into the draft.

    A field that another session changed after version `seen`, to something else than what is given
    now, stops the whole save: its writer is told, and nothing is silently replaced. The same where
    the draft was handed in with more than what was seen; with just that, the next draft begins.
    """
    async with in_transaction():
        await hold(kind, subject)
        draft = await Draft.get_or_none(kind=kind, subject=subject)
        if draft is None:
            draft = Draft(
                id=new_id(now), kind=kind, subject=subject, entries={}, version=0, begun=0
            )
        _check_unseen(draft, given, seen=seen, actor=actor)
        changed = {
            name: value for name, value in given.items() if _value(draft.entries, name) != value
        }
        if changed or draft.version == 0:
            draft.version += 1
            stamp = {"version": draft.version, "by": str(actor.user_id), "at": now.isoformat()}
            stamp["session"] = str(actor.session_id)
            draft.entries |= {name: {"value": value, **stamp} for name, value in changed.items()}
            if sum(len(str(entry["value"])) for entry in draft.entries.values()) > LONGEST:
                raise BadInput("填写的内容太多，请精简后再保存。")
            draft.saved_at, draft.saved_by_id = now, actor.user_id
            if draft.version == 1:
                await draft.save(force_create=True)
            else:
                await draft.save(update_fields=["entries", "version", "saved_at", "saved_by_id"])
    return _saved(draft)


async def hold(kind: str, subject: UUID) -> None:
    """Nobody else writes this draft until the caller's transaction ends: what is read is all."""
    await fetch("SELECT pg_advisory_xact_lock($1, hashtext($2))", _LOCK, f"{kind} {subject}")


async def drop(kind: str, subject: UUID) -> None:
    """The form was handed in, or is not wanted any more; its versions go on."""
    async with in_transaction():
        await hold(kind, subject)
        await Draft.filter(kind=kind, subject=subject).update(
            entries={}, version=F("version") + 1, begun=F("version") + 1
        )


def _check_unseen(draft: Draft, given: Mapping[str, Value], *, seen: int, actor: Member) -> None:
    if given and seen < draft.begun - 1:
        mine = draft.saved_by_id == actor.user_id
        raise Overtaken(tuple(given), at=draft.saved_at, mine=mine)
    clashing = {
        name: entry
        for name, value in given.items()
        if (entry := draft.entries.get(name)) is not None
        and entry["version"] > seen
        and entry["value"] != value
        and entry["session"] != str(actor.session_id)
    }
    if clashing:
        latest = max(clashing.values(), key=lambda entry: int(entry["version"]))
        at = datetime.fromisoformat(latest["at"])
        raise Overtaken(tuple(clashing), at=at, mine=latest["by"] == str(actor.user_id))


def _value(entries: Mapping[str, Mapping[str, Any]], name: str) -> Value:
    return entries[name]["value"] if name in entries else None


def _saved(draft: Draft) -> Saved:
    values = {name: entry["value"] for name, entry in draft.entries.items()}
    if not values:
        return replace(NONE, version=draft.version, begun=draft.begun)
    return Saved(values, draft.version, draft.begun, draft.saved_at, draft.saved_by_id)
