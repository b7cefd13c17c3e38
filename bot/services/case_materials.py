"""Documents of a case: handed in and looked at while the person waits, reused, taken out."""

import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.wechat import WeChat
from bot.domain.actors import Actor, Member
from bot.domain.case_papers import Finding, PaperRule, PaperState, compared, read_date, rule_of
from bot.domain.cases import EDITABLE, NotNow
from bot.domain.errors import BadInput, NotFound, TooMany, Unavailable
from bot.domain.files import KINDS, Unreadable, Warned
from bot.scoring.programme import MaterialRule
from bot.services import audit, case_repeats, case_steps, cases, files, licences, people
from bot.services.cabinet import Cabinet
from bot.services.certificate_programmes import find_programme
from bot.services.files import Kept, Spooled
from models import CaseMaterial, CreditCase, StoredFile
from models.ids import new_id

MOST_FILES = 20  # of one document: more are bound together as a PDF
LICENCE = "business_licence"
WHY = "自动核对营业执照"
OF_SEALS = frozenset({Warned.NO_SEAL, Warned.SEAL_UNSEEN})


@dataclass(frozen=True, slots=True)
class Known:
    """A document that was accepted before and may be handed in again."""

    id: UUID
    name: str
    dated_on: date | None
    accepted_on: date
    programme: str


@dataclass(frozen=True, slots=True)
class Given:
    """A file for a document, before it is entered."""

    file_id: UUID
    dated_on: date | None
    findings: tuple[Finding, ...]
    reused_from: UUID | None = None


async def hand_in(  # noqa: PLR0913  # which document, what, and what keeps and reads it
    enterprise_id: UUID,
    case_id: UUID,
    material: str,
    upload: Spooled,
    dated: str,
    *,
    actor: Member,
    now: datetime,
    cabinet: Cabinet,
    wechat: WeChat | None,
) -> tuple[Finding, ...]:
    """Keep a file and enter it; what was found on looking at it comes back at once."""
    row = await cases.theirs(enterprise_id, case_id, actor=actor, now=now)
    rule = asked_for(row, material)
    _editable(row)
    read_date(rule_of(material), dated, case_steps.today(now))  # before a big file is looked at
    kept = await files.keep(
        upload,
        kind=rule_of(material).kind,
        confidential=rule.confidential,
        enterprise_id=enterprise_id,
        actor=actor,
        now=now,
        cabinet=cabinet,
    )
    return await attach(
        enterprise_id, case_id, material, kept.id, dated,
        actor=actor, now=now, cabinet=cabinet, wechat=wechat,
    )  # fmt: skip


async def attach(  # noqa: PLR0913  # as above, for a file that is kept already
    enterprise_id: UUID,
    case_id: UUID,
    material: str,
    file_id: UUID,
    dated: str,
    *,
    actor: Member,
    now: datetime,
    cabinet: Cabinet,
    wechat: WeChat | None,
) -> tuple[Finding, ...]:
    """Enter a kept file of the enterprise for a document; the same one twice is entered once."""
    row = await cases.theirs(enterprise_id, case_id, actor=actor, now=now)
    rule = asked_for(row, material)
    _editable(row)
    paper_rule = rule_of(material)
    dated_on = read_date(paper_rule, dated, case_steps.today(now))
    stored = await files.found(file_id, actor=actor, now=now)
    if stored.enterprise_id != enterprise_id:
        raise NotFound
    if not fits(stored, rule, paper_rule):
        raise BadInput(f"这个文件不是作为“{KINDS[paper_rule.kind].name}”上传的。", field="file")
    kept = files.kept(stored)
    findings = await _looked_at(
        row, rule, kept, wechat=wechat, actor=actor, now=now, cabinet=cabinet
    )
    return await _enter(row, material, Given(file_id, dated_on, findings), actor=actor, now=now)


async def reuse(  # noqa: PLR0913  # as above
    enterprise_id: UUID,
    case_id: UUID,
    material: str,
    paper_id: UUID,
    *,
    actor: Member,
    now: datetime,
    cabinet: Cabinet,
    wechat: WeChat | None,
) -> tuple[Finding, ...]:
    """Hand in again what was accepted in another case, as long as it is not too old.

    It is looked at anew: the enterprise may have another name by now.
    """
    row = await cases.theirs(enterprise_id, case_id, actor=actor, now=now)
    rule = asked_for(row, material)
    _editable(row)
    offered = await reusable(row, material, today=case_steps.today(now))
    if paper_id not in {one.id for one in offered}:
        raise NotFound
    before = await CaseMaterial.get(id=paper_id).prefetch_related("file")
    findings = await _looked_at(
        row, rule, files.kept(before.file), wechat=wechat, actor=actor, now=now, cabinet=cabinet
    )
    given = Given(before.file_id, before.dated_on, findings, before.id)
    return await _enter(row, material, given, actor=actor, now=now)


async def offered(
    enterprise_id: UUID, case_id: UUID, material: str, *, actor: Member, now: datetime
) -> tuple[Known, ...]:
    """What may be handed in again for this document."""
    row = await cases.theirs(enterprise_id, case_id, actor=actor, now=now)
    return await reusable(row, material, today=case_steps.today(now))


async def reusable(row: CreditCase, material: str, *, today: date) -> tuple[Known, ...]:
    rule, paper_rule = asked_for(row, material), rule_of(material)
    rows = (
        await CaseMaterial.filter(enterprise_id=row.enterprise_id, state=PaperState.ACCEPTED)
        .exclude(case_id=row.id)
        .order_by("-decided_at")
        .prefetch_related("file", "case")
    )
    found: dict[UUID, Known] = {}
    for one in rows:
        same = one.material == material or (
            paper_rule.kind != "other" and one.file.kind == paper_rule.kind
        )
        living = one.file.erased_at is None and fits(one.file, rule, paper_rule)
        if same and living and not paper_rule.fault(one.dated_on, today) and one.decided_at:
            accepted_on = case_steps.today(one.decided_at)
            programme = find_programme(one.case.programme).name
            known = Known(one.id, one.file.name, one.dated_on, accepted_on, programme)
            found.setdefault(one.file_id, known)
    return tuple(found.values())


async def remove(
    enterprise_id: UUID, case_id: UUID, paper_id: UUID, *, actor: Member, now: datetime
) -> None:
    """Take a file out of the document; it stays in the trail as a version that was superseded."""
    await cases.theirs(enterprise_id, case_id, actor=actor, now=now)
    async with in_transaction():
        row = await case_steps.lock(case_id, enterprise_id=enterprise_id)
        _editable(row)
        paper = await CaseMaterial.get_or_none(id=paper_id, case_id=case_id)
        if paper is None:
            raise NotFound
        if paper.superseded_at is None:  # else it is out already
            await change(paper, "remove", actor=actor, now=now, superseded_at=now)


async def change(
    paper: CaseMaterial,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    **more: object,
) -> None:
    """Change one file of a document inside the caller's transaction, with its audit entry."""
    before = paper.state
    paper.update_from_dict(more)
    await paper.save(update_fields=list(more))
    await _note(paper, action, before, actor=actor, now=now, reason=reason)


def asked_for(row: CreditCase, material: str) -> MaterialRule:
    """The document that the programme asks this enterprise for, or NotFound."""
    for rule in find_programme(row.programme).materials_for(frozenset(row.kinds)):
        if rule.id == material:
            return rule
    raise NotFound


def fits(stored: StoredFile, rule: MaterialRule, paper_rule: PaperRule) -> bool:
    """Whether it was kept as what is asked for, and as safely."""
    return stored.kind == paper_rule.kind and (stored.confidential or not rule.confidential)


def _editable(row: CreditCase) -> None:
    if row.state not in EDITABLE:
        raise NotNow("申报已经提交，现在不能改材料。需要修改的，可以等协会退回，或撤回后重新申报。")


async def _enter(
    row: CreditCase, material: str, given: Given, *, actor: Member, now: datetime
) -> tuple[Finding, ...]:
    """Write the next version; what had been sent back of this document is thereby superseded."""
    async with in_transaction():
        fresh = await case_steps.lock(row.id, enterprise_id=row.enterprise_id)
        _editable(fresh)
        everything = await CaseMaterial.filter(case_id=row.id)
        living = [one for one in everything if one.superseded_at is None]
        ours = [one for one in living if one.material == material]
        for one in ours:
            same = (one.file_id, one.dated_on) == (given.file_id, given.dated_on)
            if same and one.state is not PaperState.RETURNED:
                return tuple(Finding(code) for code in one.findings)
        for one in ours:
            if one.state is PaperState.RETURNED:
                await change(one, "replace", actor=actor, now=now, superseded_at=now)
        if sum(one.state is not PaperState.RETURNED for one in ours) >= MOST_FILES:
            raise TooMany(f"一项材料最多 {MOST_FILES} 个文件，请合并成一个 PDF 再上传。")
        again = await case_repeats.found(row, material, given.file_id, everything)
        findings = given.findings + tuple(
            one for one in again if not (one is Finding.USED_BEFORE and given.reused_from)
        )
        versions = [one.version for one in everything if one.material == material]
        paper = CaseMaterial(
            id=new_id(now),
            enterprise_id=row.enterprise_id,
            case_id=row.id,
            material=material,
            version=max(versions, default=0) + 1,
            state=PaperState.UPLOADED,
            file_id=given.file_id,
            dated_on=given.dated_on,
            findings=[one.value for one in findings],
            reused_from=given.reused_from,
            added_by=people.label(actor),
            added_at=now,
        )
        await paper.save(force_create=True)
        await _note(paper, "reuse" if given.reused_from else "add", None, actor=actor, now=now)
    return findings


async def _looked_at(  # noqa: PLR0913  # what it is, and what looks
    row: CreditCase,
    rule: MaterialRule,
    kept: Kept,
    *,
    wechat: WeChat | None,
    actor: Member,
    now: datetime,
    cabinet: Cabinet,
) -> tuple[Finding, ...]:
    """What its picture shows, and for a licence what is written on it."""
    found = [Finding(one.value) for one in kept.warnings if rule.sealed or one not in OF_SEALS]
    if rule.id == LICENCE:
        read = wechat and await _read(
            row, kept, wechat=wechat, actor=actor, now=now, cabinet=cabinet
        )
        found += read or [Finding.NOT_READ]
    return tuple(found)


async def _read(
    row: CreditCase, kept: Kept, *, wechat: WeChat, actor: Member, now: datetime, cabinet: Cabinet
) -> list[Finding]:
    """What stands on a picture of the licence, beside what we know; a reader that is off or used
    up today finds nothing, and the work goes on."""
    opened = await files.opened(kept.id, actor=actor, why=WHY, now=now, cabinet=cabinet, page=1)
    try:
        with tempfile.TemporaryFile(buffering=0) as file:
            file.write(opened.data)
            picture = await licences.legible(file, jail=cabinet.jail)
        licence = await licences.read(picture, wechat=wechat, actor=actor, now=now)
    except licences.Unreadable:
        return [Finding.NO_LICENCE]
    except (Unavailable, Unreadable):
        return []
    return list(compared(licence, name=row.name, credit_code=row.credit_code))


async def _note(
    paper: CaseMaterial,
    action: str,
    before: PaperState | None,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    await audit.note(
        f"case_material.{action}",
        kind="case_material",
        id=paper.id,
        actor=actor,
        now=now,
        enterprise_id=paper.enterprise_id,
        before={"state": before} if before else None,
        after={
            "case": paper.case_id,
            "material": paper.material,
            "version": paper.version,
            "state": paper.state,
            "file": paper.file_id,
        },
        reason=reason,
    )
