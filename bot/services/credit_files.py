"""The credit file of an enterprise: everything that was ever recorded about it, in time order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from bot.clients.database import fetch
from bot.domain.actors import Member
from bot.domain.bindings import ACTION_LABELS
from bot.domain.cases import Action
from bot.domain.certificates import REASON_WORDS
from bot.domain.dates import in_words
from bot.domain.enterprises import shown
from bot.domain.files import KINDS
from bot.domain.workdays import BEIJING
from bot.scoring.library import shipped_pack, versions
from bot.services import bindings, certificate_life, enterprises
from bot.services.certificate_programmes import find_programme
from bot.services.held_certificates import ACTIONS
from models import BindingStep, CaseStep, Commitment, EnterpriseName, Registration, StoredFile
from models import Membership as MembershipRow

LONGEST = 300  # entries of one page


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry stands in the file: of what was recorded in one instant the key decides."""

    at: datetime
    key: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the file: when it was recorded, what, and by whom or on what ground."""

    at: datetime
    key: str
    """The number of the record, and what of it when it has several lines."""
    title: str
    text: str = ""
    path: str = ""
    """On our own site, where more stands."""
    kind: str = "plain"
    """good, warn, bad or plain."""
    file: UUID | None = None
    pages: int = 0
    """Of the file; `path` leads to the first."""

    @property
    def place(self) -> Place:
        return Place(self.at, self.key)


@dataclass(frozen=True, slots=True)
class Page:
    entries: tuple[Entry, ...]
    """The newest first."""
    more: Place | None
    """Older ones begin before here; None when these were the last."""


# Of what may be long a chapter reads no more than a page from `before` on.
Chapter = Callable[[UUID, Place | None], Awaitable[Sequence[Entry]]]
SOURCES: Mapping[str, str] = MappingProxyType(
    {"declared": "企业填报", "staff": "协会工作人员录入", "roster": "会员名册", "system": "系统"}
)


async def read(
    enterprise_id: UUID,
    *,
    actor: Member,
    now: datetime,
    chapter: str = "",
    before: Place | None = None,
) -> Page:
    """One page of one chapter or of all."""
    await bindings.require(actor, enterprise_id, now=now)
    chosen = [CHAPTERS[chapter]] if chapter in CHAPTERS else CHAPTERS.values()
    entries = [entry for one in chosen for entry in await one(enterprise_id, before)]
    older = [entry for entry in entries if before is None or entry.place < before]
    newest = sorted(older, key=lambda entry: entry.place, reverse=True)
    page = tuple(newest[:LONGEST])
    return Page(page, page[-1].place if len(newest) > LONGEST else None)


async def names(enterprise_id: UUID, _before: Place | None) -> list[Entry]:
    """Every name, and until when it was the name."""
    rows = await EnterpriseName.filter(enterprise_id=enterprise_id).order_by("recorded_at")
    return [
        Entry(
            row.recorded_at,
            str(row.id),
            f"企业名称：{row.name}",
            SOURCES[row.source]
            + (f"；{_day(row.superseded_at)}起不再使用" if row.superseded_at else ""),
        )
        for row in rows
    ]


async def registrations(enterprise_id: UUID, _before: Place | None) -> list[Entry]:
    """Each version of the registration, by what was new in it."""
    rows = await Registration.filter(enterprise_id=enterprise_id).order_by(
        "recorded_at", "superseded_at", "id"
    )
    entries = []
    before: Mapping[str, str] = {}
    for row in rows:
        now_so = shown(enterprises.details_of(row))
        new = [f"{name}：{value}" for name, value in now_so.items() if before.get(name) != value]
        new += [f"{name}：已清空" for name in before if name not in now_so]
        entries.append(
            Entry(
                row.recorded_at,
                str(row.id),
                "企业信息更新",
                "；".join([*new, SOURCES[row.source]]),
            )
        )
        before = now_so
    return entries


async def memberships(enterprise_id: UUID, _before: Place | None) -> list[Entry]:
    rows = await MembershipRow.filter(enterprise_id=enterprise_id).order_by("recorded_at")
    entries = []
    for row in rows:
        period = f"{in_words(row.starts_on)}至{in_words(row.ends_on)}"
        text = f"{row.association}；{period}；{SOURCES.get(row.how, '随缴费取得')}"
        if row.superseded_at:
            text += f"；{_day(row.superseded_at)}起以新的记录为准"
        entries.append(
            Entry(row.recorded_at, str(row.id), f"会员资格：{row.level}", text, kind="good")
        )
        if row.ended_on:
            ended = datetime.combine(row.ended_on, time(), BEIJING)
            title = f"会员资格终止：{row.level}"
            entries.append(Entry(ended, f"{row.id}:end", title, row.end_reason, kind="warn"))
    return entries


async def people(enterprise_id: UUID, _before: Place | None) -> list[Entry]:
    """What happened to the bindings; of persons only their role then and the name they gave."""
    rows = (
        await BindingStep.filter(binding__enterprise_id=enterprise_id)
        .order_by("at", "id")
        .select_related("binding")
    )
    return [
        Entry(
            row.at,
            str(row.id),
            f"联系人（{row.role.label}）{ACTION_LABELS[row.action]}",
            "；".join(part for part in (row.binding.person, row.reason) if part),
        )
        for row in rows
    ]


async def cases(enterprise_id: UUID, _before: Place | None) -> list[Entry]:
    """Every step of every case, without who took it."""
    rows = await CaseStep.filter(enterprise_id=enterprise_id).order_by("at").select_related("case")
    return [
        Entry(
            row.at,
            str(row.id),
            f"{find_programme(row.case.programme).name}：{row.action.label}",
            "；".join(part for part in (row.case.number, row.reason) if part),
            path=f"/h5/e/{enterprise_id}/cases/{row.case_id}",
            kind="warn" if row.action in (Action.RETURN, Action.REJECT) else "plain",
        )
        for row in rows
    ]


async def facts(enterprise_id: UUID, before: Place | None) -> list[Entry]:
    """Every record of a fact, also those that a later one superseded."""
    rows = await _page(
        "SELECT id, recorded_at AS at, fact, kind, value, standing, source, until_version"
        " FROM fact WHERE enterprise_id = $1",
        enterprise_id,
        before,
    )
    entries = []
    for row in rows:
        parts = (
            row["kind"],
            row["value"],
            "已核实" if row["standing"] == "verified" else "自行填报，尚未核实",
            f"来源：{row['source']}" if row["source"] else "",
            "已被后来的记录代替" if row["until_version"] else "",
        )
        title = _fact_names().get(row["fact"], "其他记录")
        entries.append(Entry(row["at"], str(row["id"]), title, "；".join(filter(None, parts))))
    return entries


async def assessments(enterprise_id: UUID, before: Place | None) -> list[Entry]:
    rows = await _page(
        "SELECT id, made_at AS at, scheme, basis, total FROM assessment WHERE enterprise_id = $1",
        enterprise_id,
        before,
    )
    entries = []
    for row in rows:
        own = row["basis"] == "self"
        title = f"{'自评' if own else '评价计分'}：{_scheme_names()[row['scheme']]}"
        total = row["total"]
        text = "没有得分" if total is None else f"得分 {total.normalize():f}"
        path = f"/h5/e/{enterprise_id}/self/{row['scheme']}/results/{row['id']}" if own else ""
        entries.append(Entry(row["at"], str(row["id"]), title, text, path))
    return entries


async def _page(sql: str, enterprise_id: UUID, before: Place | None) -> list[dict[str, Any]]:
    """The newest rows (of id and `at`) before a place: one more than a page holds."""
    return await fetch(
        f"SELECT * FROM ({sql}) AS all_of_them"  # noqa: S608  # our own words
        " WHERE $2::timestamptz IS NULL OR at < $2"
        ' OR (at = $2 AND id::text COLLATE "C" < $3)'
        ' ORDER BY at DESC, id::text COLLATE "C" DESC LIMIT $4',
        enterprise_id,
        before and before.at,
        before.key if before else "",
        LONGEST + 1,
    )


async def papers(enterprise_id: UUID, _before: Place | None) -> list[Entry]:
    """What was handed in, and what of it was deleted later; papers of claims are nobody's here."""
    entries = []
    for row in await StoredFile.filter(enterprise_id=enterprise_id, kind__in=list(KINDS)):
        kind = KINDS[row.kind].name
        path = "" if row.erased_at else f"/h5/files/{row.id}/pages/1"
        entry = Entry(row.kept_at, str(row.id), f"上传材料：{kind}", row.name, path)
        entries.append(replace(entry, file=row.id, pages=row.pages) if path else entry)
        if row.erased_at:
            title = f"材料已删除：{kind}"
            entries.append(Entry(row.erased_at, f"{row.id}:erased", title, kind="warn"))
    return entries


async def certificates(enterprise_id: UUID, _before: Place | None) -> list[Entry]:
    """Each certificate when it was issued, and what became of it; of staff no name."""
    entries = []
    for one in await certificate_life.of_enterprise(enterprise_id):
        path = f"/h5/e/{enterprise_id}/certificates/{one.number}"
        programme = find_programme(one.programme).name
        for turn, line in enumerate(await certificate_life.trail(one.id)):
            title = f"证书{ACTIONS[line.action]}：{programme}{' ' if one.level else ''}{one.level}"
            reason = REASON_WORDS.get(line.reason, "")
            text = "；".join(filter(None, (f"编号 {one.number}", reason)))
            kind = "good" if line.action in {"issue", "review", "resume"} else "warn"
            entries.append(Entry(line.at, f"{one.id}:{turn:04}", title, text, path, kind))
    return entries


async def commitments(enterprise_id: UUID, _before: Place | None) -> list[Entry]:
    """Each commitment: begun, public, over; and why."""
    found: list[Entry] = []
    for row in await Commitment.filter(enterprise_id=enterprise_id):
        begun = f"第 {row.text_version} 版承诺书"
        found.append(Entry(row.created_at, f"{row.id}:0", "开始签署信用承诺", begun))
        if row.published_at:
            path = f"/public/commitments/{row.id}"
            text = f"证书编号 {row.certificate}"
            found.append(Entry(row.published_at, f"{row.id}:1", "信用承诺公示", text, path, "good"))
        if row.ended_at:
            title = f"信用承诺：{row.state.label}"
            found.append(Entry(row.ended_at, f"{row.id}:2", title, row.end_reason, kind="warn"))
    return found


# Whoever keeps something else about enterprises adds a line here; the page shows it by itself.
CHAPTERS: Mapping[str, Chapter] = MappingProxyType(
    {
        "企业信息": registrations,
        "企业名称": names,
        "会员资格": memberships,
        "联系人": people,
        "申报": cases,
        "材料": papers,
        "信用承诺": commitments,
        "证书": certificates,
        "事实记录": facts,
        "评分": assessments,
    }
)


@cache
def _scheme_names() -> Mapping[str, str]:
    return {scheme: shipped_pack(scheme).name for scheme in versions()}


@cache
def _fact_names() -> Mapping[str, str]:
    return {
        spec.id: spec.name for scheme in versions() for spec in shipped_pack(scheme).facts.values()
    }


def _day(at: datetime) -> str:
    return in_words(at.astimezone(BEIJING).date())
