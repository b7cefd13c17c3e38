"""What people write and send to the staff is judged first: by WeChat, or by people.

A check is a row. It is put down in the transaction of whoever needs it, asked about by a job, and
settled once. Whoever lists content asks `covered` what is not to be unfolded: the row alone
decides, so that no verdict can be lost on the way, whether it comes twice, late or never. With the
verdict is forgotten under which openid the content was sent, and of what passes what it said.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from tortoise.expressions import Q

from bot.clients.wechat import WeChat
from bot.clients.wechat_errors import Permanent
from bot.domain.content_checks import (
    OTHER,
    PICTURE_OPEN,
    SCENES,
    TITLES,
    UNANSWERED,
    Place,
    Suggestion,
    Verdict,
    contains,
    pieces,
    understood,
    worst,
)
from bot.domain.errors import NotFound, Stale
from bot.services import outbox
from bot.services.sessions import hashed
from models import CheckState, ContentCheck, ContentVerdict
from models.ids import new_id

log = structlog.get_logger()

ASK = "checks.ask"
TAKE = "checks.take"  # the job that a wxa_media_check event becomes
AT_ONCE = 500
UNKNOWN = "小程序里没有这个人，微信不能审核"
JUDGING = "微信正在审核"

_AFTER = {
    Suggestion.PASS: CheckState.PASSED,
    Suggestion.RISKY: CheckState.REJECTED,
    Suggestion.REVIEW: CheckState.HUMAN,
}


# WeChat saw something; a row that it could not judge at all has no label.
_SUSPICIOUS = Q(state=CheckState.HUMAN, label__isnull=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One check in the list for the staff."""

    id: UUID
    place: str
    subject: UUID
    words: str
    file_id: UUID | None
    why: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Covered:
    """Why something is not unfolded where it is listed; "" of what may be seen."""

    words: str = ""
    picture: str = ""


async def text(words: str, *, place: Place, subject: UUID, openid: str, now: datetime) -> None:
    """Have a text judged; inside the caller's transaction. `openid` is the mini-program's; of whom
    it does not know ("") WeChat cannot judge, and people do."""
    await _put(place, subject, openid, now, words=words)


async def picture(
    file_id: UUID, *, place: Place, subject: UUID, openid: str, now: datetime
) -> None:
    """Have a picture judged; inside the caller's transaction. By `file_id` its place finds it."""
    await _put(place, subject, openid, now, file_id=file_id)


async def covered(subjects: Collection[UUID]) -> Mapping[UUID, Covered]:
    """What of these nobody should see by chance; one that is not named may be seen whole."""
    hidden = Q(state__in=[CheckState.PENDING, CheckState.REJECTED]) | _SUSPICIOUS
    found: dict[UUID, Covered] = {}
    for row in await ContentCheck.filter(hidden, subject__in=list(subjects)):
        before = found.get(row.subject, Covered())
        part = "picture" if row.file_id else "words"
        found[row.subject] = replace(before, **{part: _why_covered(row)})
    return found


async def drop(subject: UUID) -> None:
    """Nobody needs a verdict any more: what it was about is done with."""
    unjudged = [CheckState.PENDING, CheckState.HUMAN]
    await ContentCheck.filter(subject=subject, state__in=unjudged).delete()


async def forget(subjects: Collection[UUID]) -> None:
    """Delete what was said about things that are deleted."""
    await ContentCheck.filter(subject__in=list(subjects)).delete()


async def ask(payload: outbox.Payload, now: datetime, *, wechat: WeChat, public_url: str) -> None:
    """Ask WeChat about one check; may run twice. What it cannot judge goes to a person."""
    row = await ContentCheck.get_or_none(id=UUID(payload["id"]))
    if row is None or row.state is not CheckState.PENDING or row.trace_id:
        return
    try:
        if row.file_id:
            await _ask_about_picture(row, wechat, public_url, now)
        else:
            await _settle(row.id, await _judged(row, wechat), now)
    except Permanent as refusal:
        log.warning("content_check_refused", check=str(row.id), errcode=refusal.errcode)
        await _to_people(row.id, f"微信不能审核（{refusal.errcode}）")


async def take(payload: outbox.Payload, now: datetime) -> None:
    """Keep what a wxa_media_check event says, then look for the check that it is about."""
    fields = payload["fields"]
    trace_id = str(fields.get("trace_id", ""))[:64]
    if not trace_id:
        return
    said = _said(fields)
    verdict = ContentVerdict(
        id=new_id(now),
        trace_id=trace_id,
        suggestion=said.suggestion.value,
        label=said.label,
        received_at=now,
    )
    await ContentVerdict.bulk_create([verdict], ignore_conflicts=True)
    await _match(trace_id, now)


async def opened_by(ticket: str, *, now: datetime) -> UUID:
    """The file that WeChat may fetch with this ticket, while its check is open."""
    row = await ContentCheck.get_or_none(
        ticket_hash=hashed(ticket), state=CheckState.PENDING, created_at__gt=now - PICTURE_OPEN
    )
    if row is None or row.file_id is None:
        raise NotFound
    return row.file_id


async def sweep(*, now: datetime) -> int:
    """What WeChat has not judged in time goes to a person; verdicts that crossed are matched."""
    open_ones = ContentCheck.filter(state=CheckState.PENDING, trace_id__isnull=False)
    for trace_id in await open_ones.limit(AT_ONCE).values_list("trace_id", flat=True):
        await _match(str(trace_id), now)
    late = ContentCheck.filter(state=CheckState.PENDING, created_at__lt=now - UNANSWERED)
    rows = await late.order_by("created_at").limit(AT_ONCE)
    for row in rows:
        await _to_people(row.id, "微信没有按时答复")
    return len(rows)


async def waiting(*, limit: int = 100) -> list[Waiting]:
    """What people must look at: what WeChat found suspicious, then the rest, each oldest first."""
    seen = await ContentCheck.filter(_SUSPICIOUS).order_by("created_at", "id").limit(limit)
    unseen = ContentCheck.filter(state=CheckState.HUMAN, label__isnull=True).order_by(
        "created_at", "id"
    )
    rows = seen + await unseen.limit(limit - len(seen))
    return [
        Waiting(r.id, TITLES[Place(r.place)], r.subject, r.words, r.file_id, r.why, r.created_at)
        for r in rows
    ]


async def how_many_wait() -> int:
    return await ContentCheck.filter(state=CheckState.HUMAN).count()


async def decide(check_id: UUID, *, passes: bool, by: str, reason: str, now: datetime) -> None:
    """A person's verdict on what waits for one; a second person is told that it is decided."""
    row = await ContentCheck.get_or_none(id=check_id)
    if row is None:
        raise NotFound("没有这项待审内容。")
    state = CheckState.PASSED if passes else CheckState.REJECTED
    done = await _move(
        check_id, state, now, came_from=CheckState.HUMAN, decided_by=by, why=reason[:200]
    )
    if not done:
        raise Stale("这项内容不在等人审核，可能已经有人处理了。")


async def _put(
    place: Place,
    subject: UUID,
    openid: str,
    now: datetime,
    *,
    words: str = "",
    file_id: UUID | None = None,
) -> None:
    row = ContentCheck(
        id=new_id(now),
        place=place.value,
        subject=subject,
        openid=openid,
        words=words,
        file_id=file_id,
        state=CheckState.PENDING if openid else CheckState.HUMAN,
        why="" if openid else UNKNOWN,
        decided_by="",
        created_at=now,
    )
    await row.save(force_create=True)
    if openid:
        await outbox.put(ASK, {"id": str(row.id)}, now=now)


def _why_covered(row: ContentCheck) -> str:
    if row.state is CheckState.PENDING:
        return JUDGING
    if row.state is CheckState.HUMAN:
        return row.why
    return f"{row.decided_by}审核不通过：{row.why}" if row.decided_by else contains(row.label)


async def _judged(row: ContentCheck, wechat: WeChat) -> Verdict:
    scene = SCENES[Place(row.place)]
    parts = [piece for piece in pieces(row.words) if piece.strip()]
    return worst([await wechat.check_text(part, openid=row.openid, scene=scene) for part in parts])


async def _ask_about_picture(
    row: ContentCheck, wechat: WeChat, public_url: str, now: datetime
) -> None:
    ticket = secrets.token_urlsafe(32)
    mine = ContentCheck.filter(id=row.id, state=CheckState.PENDING)
    await mine.update(ticket_hash=hashed(ticket))  # before WeChat comes to fetch it
    url = f"{public_url}/hooks/pictures/{ticket}"
    scene = SCENES[Place(row.place)]
    trace_id = await wechat.check_picture(url, openid=row.openid, scene=scene)
    await mine.update(trace_id=trace_id)
    await _match(trace_id, now)


async def _match(trace_id: str, now: datetime) -> None:
    """Called from both sides, because either may be the later one; the sweep finds the rest."""
    said = await ContentVerdict.get_or_none(trace_id=trace_id)
    row = await ContentCheck.get_or_none(trace_id=trace_id, state=CheckState.PENDING)
    if said and row:
        await _settle(row.id, Verdict(Suggestion(said.suggestion), said.label), now)


async def _settle(check_id: UUID, verdict: Verdict, now: datetime) -> None:
    state = _AFTER[verdict.suggestion]
    if state is CheckState.HUMAN:
        await _to_people(check_id, "微信建议人工审核", label=verdict.label)
        return
    await _move(check_id, state, now, came_from=CheckState.PENDING, label=verdict.label)


async def _to_people(check_id: UUID, why: str, *, label: int | None = None) -> None:
    """Nothing is decided yet: the staff are the people who look."""
    pending = ContentCheck.filter(id=check_id, state=CheckState.PENDING)
    await pending.update(state=CheckState.HUMAN, why=why, label=label, openid="")


async def _move(
    check_id: UUID, state: CheckState, now: datetime, *, came_from: CheckState, **more: object
) -> bool:
    """Compare and set: the first verdict stands."""
    if state is CheckState.PASSED:
        more["words"] = ""  # whoever needs them reads them where they were written
    mine = ContentCheck.filter(id=check_id, state=came_from)
    return bool(await mine.update(state=state, decided_at=now, openid="", **more))


def _said(fields: Mapping[str, object]) -> Verdict:
    """The verdict of either shape of the event: version 2 has `result`, version 1 `isrisky`."""
    result = fields.get("result")
    if isinstance(result, Mapping) and str(fields.get("errcode", "0")) == "0":
        return understood(result.get("suggest"), result.get("label"))
    if str(fields.get("isrisky", "")) == "1":
        return Verdict(Suggestion.RISKY, OTHER)
    if str(fields.get("isrisky", "")) == "0" and str(fields.get("status_code", "0")) == "0":
        return Verdict(Suggestion.PASS, 100)
    return Verdict(Suggestion.REVIEW, OTHER)  # it could not fetch or read the picture
