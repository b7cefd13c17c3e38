"""A case as it stands: its documents with their files, its trail, what is still missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from bot.domain.case_papers import Finding, PaperRule, PaperState, rule_of, state_of
from bot.domain.cases import Action, State
from bot.domain.files import Media
from bot.scoring.programme import MaterialRule, Programme
from bot.services.certificate_programmes import find_programme
from models import CaseMaterial, CaseStep, CreditCase

GONE = "文件已按期删除"


@dataclass(frozen=True, slots=True)
class Paper:
    """One living file of a document."""

    id: UUID
    material: str
    version: int
    state: PaperState
    file_id: UUID
    name: str
    media_type: Media
    pages: int
    dated_on: date | None
    findings: tuple[Finding, ...]
    reason: str
    reused: bool
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """One line of the list: what is asked for, and how far it is."""

    rule: MaterialRule
    paper_rule: PaperRule
    state: PaperState
    reason: str
    """Why it was sent back."""
    fault: str
    """It was good when it was handed in, and is too old by now."""
    short: str
    """What is there is good, and not enough."""
    papers: tuple[Paper, ...]

    @property
    def open(self) -> bool:
        """Something has to be done before the case can be handed in."""
        if self.state is PaperState.RETURNED or self.fault or self.short:
            return True
        return self.rule.required and self.state is PaperState.MISSING


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the trail; who took it, without a name."""

    at: datetime
    action: Action
    state: State
    by: str
    reason: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A case in a list."""

    id: UUID
    enterprise_id: UUID
    programme: Programme
    number: str | None
    state: State
    name: str
    credit_code: str
    due_on: date | None
    owed_fen: int
    created_at: datetime
    submitted_at: datetime | None
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """All of one case."""

    head: Summary
    kinds: frozenset[str]
    documents: tuple[Document, ...]
    trail: tuple[Line, ...]

    @property
    def open(self) -> tuple[Document, ...]:
        """What keeps it from being handed in."""
        return tuple(one for one in self.documents if one.open)

    def document(self, material: str) -> Document | None:
        return next((one for one in self.documents if one.rule.id == material), None)


BY: Mapping[str, str] = MappingProxyType(
    {"member": "本企业", "staff": "协会工作人员", "system": "系统"}
)


def summary(row: CreditCase) -> Summary:
    return Summary(
        id=row.id,
        enterprise_id=row.enterprise_id,
        programme=find_programme(row.programme),
        number=row.number,
        state=row.state,
        name=row.name,
        credit_code=row.credit_code,
        due_on=row.due_on,
        owed_fen=row.owed_fen,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        moved_at=row.moved_at,
    )


async def whole(row: CreditCase, *, today: date) -> Case:
    steps = await CaseStep.filter(case_id=row.id).order_by("-turn")
    return Case(
        head=summary(row),
        kinds=frozenset(row.kinds),
        documents=await documents(row, today=today),
        trail=tuple(
            Line(one.at, one.action, one.state, BY[one.by.split(":")[0]], one.reason, one.due_on)
            for one in steps
        ),
    )


async def documents(row: CreditCase, *, today: date) -> tuple[Document, ...]:
    """The list of the programme for the kinds of this enterprise, with what was handed in."""
    rows = (
        await CaseMaterial.filter(case_id=row.id, superseded_at=None)
        .order_by("version")
        .prefetch_related("file")
    )
    papers: dict[str, list[Paper]] = {}
    for one in rows:
        papers.setdefault(one.material, []).append(_paper(one))
    asked = find_programme(row.programme).materials_for(frozenset(row.kinds))
    return tuple(
        _document(rule, tuple(papers.get(rule.id, ())), row.asked, today=today) for rule in asked
    )


def _document(
    rule: MaterialRule, papers: tuple[Paper, ...], asked: Mapping[str, str], *, today: date
) -> Document:
    paper_rule = rule_of(rule.id)
    state = state_of(tuple(one.state for one in papers), asked=rule.id in asked)
    waiting = [one for one in papers if one.state is PaperState.UPLOADED]
    faults = [fault for one in waiting if (fault := paper_rule.fault(one.dated_on, today))]
    return Document(
        rule=rule,
        paper_rule=paper_rule,
        state=state,
        reason=asked.get(rule.id, "") if state is PaperState.RETURNED else "",
        fault=faults[0] if faults else "",
        short=paper_rule.short((one.dated_on for one in papers), today),
        papers=papers,
    )


def _paper(row: CaseMaterial) -> Paper:
    return Paper(
        id=row.id,
        material=row.material,
        version=row.version,
        state=row.state,
        file_id=row.file_id,
        name=row.file.name or GONE,
        media_type=Media(row.file.media_type),
        pages=row.file.pages,
        dated_on=row.dated_on,
        findings=tuple(Finding(one) for one in row.findings),
        reason=row.reason,
        reused=row.reused_from is not None,
        added_at=row.added_at,
    )
