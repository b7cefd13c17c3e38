"""Versions of schemes: proposed by one person, published by another, and never changed again."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Staff
from bot.domain.errors import BadInput, DomainError, NotFound
from bot.scoring.canonical import canonical, fingerprint
from bot.scoring.library import shipped_pack, versions
from bot.scoring.lint import load_pack
from bot.scoring.pack import Pack
from bot.scoring.pack_reader import read_pack
from bot.scoring.reading import parse_toml
from bot.services import audit
from models import PackProposal, PublishedPack
from models.ids import new_id

APPROVE_WITHIN = timedelta(hours=24)
BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the second person approves; `digest` names the rules and the day of effect together."""

    scheme: str
    version: int
    sha256: str
    effective_on: date
    proposed_by: str

    @property
    def digest(self) -> str:
        return _digest(self.scheme, self.version, self.sha256, self.effective_on)


@dataclass(frozen=True, slots=True)
class Published:
    """A version in force from a day on."""

    id: UUID
    scheme: str
    version: int
    sha256: str
    effective_on: date
    proposed_by: str
    approved_by: str
    published_at: datetime
    pack: Pack

    @property
    def digest(self) -> str:
        return _digest(self.scheme, self.version, self.sha256, self.effective_on)


async def propose(
    source: str, *, file: str, effective_on: date, by: str, now: datetime
) -> Proposal | Published:
    """Lay a version before a second person; answers the published one where nothing is new.

    Replaces an earlier proposal of the same version, whose digest thereby becomes worthless.
    """
    pack = load_pack(source, file)
    async with in_transaction():
        await _one_at_a_time(pack.id)
        known = await _published(pack.id, pack.version)
        if known is not None:
            return _unchanged(known, pack.hash, effective_on)
        await _refuse_disorder(pack.id, pack.version, effective_on, now)
        await PackProposal.filter(scheme=pack.id, version=pack.version).delete()
        await PackProposal.create(
            id=new_id(now),
            scheme=pack.id,
            version=pack.version,
            source=source,
            sha256=pack.hash,
            effective_on=effective_on,
            proposed_by=_name(by),
            proposed_at=now,
        )
        proposal = Proposal(pack.id, pack.version, pack.hash, effective_on, _name(by))
        await _note("rules.proposed", proposal, by=by, now=now)
    return proposal


async def proposed(scheme: str, version: int | None = None) -> tuple[Proposal, Pack]:
    """What lies before a second person: the newest proposal, or that of one version."""
    rows = PackProposal.filter(scheme=scheme).order_by("-version")
    row = await (rows if version is None else rows.filter(version=version)).first()
    if row is None:
        raise NotFound(f"{scheme} 没有等待审批的版本。")
    proposal = Proposal(row.scheme, row.version, row.sha256, row.effective_on, row.proposed_by)
    return proposal, _pack(row.source, row.sha256, _place(row.scheme, row.version))


async def approve(scheme: str, version: int, *, digest: str, by: str, now: datetime) -> Published:
    """Publish exactly what the digest names. Approving the same again changes nothing."""
    async with in_transaction():
        await _one_at_a_time(scheme)
        row = await PackProposal.get_or_none(scheme=scheme, version=version)
        known = await _published(scheme, version)
        if known is not None:
            if known.digest != digest:
                raise _changed(known)
            return known
        if row is None:
            raise NotFound(f"{scheme} 第 {version} 版还没有人提交，请先执行 rules propose。")
        _refuse_to_approve(row, digest, _name(by), now)
        await _refuse_disorder(scheme, version, row.effective_on, now)
        await _publish(row, _name(by), now)
        await row.delete()
        proposal = Proposal(scheme, version, row.sha256, row.effective_on, row.proposed_by)
        await _note("rules.published", proposal, by=by, now=now)
    return await published(scheme, version)


async def _note(action: str, proposal: Proposal, *, by: str, now: datetime) -> None:
    await audit.note(
        action,
        kind="scheme",
        id=f"{proposal.scheme}/{proposal.version}",
        actor=Staff(_name(by)),
        now=now,
        after={"sha256": proposal.sha256, "effective_on": proposal.effective_on},
    )


async def _one_at_a_time(scheme: str) -> None:
    """Whoever changes a scheme waits for whoever is changing it: versions stay in order."""
    await fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"scheme {scheme}")


def _refuse_to_approve(row: PackProposal, digest: str, by: str, now: datetime) -> None:
    """Four eyes: another person, on exactly this content, within a day."""
    if _person(by) == _person(row.proposed_by):
        raise DomainError("提交人不能审批自己的版本，请另一位工作人员核对后审批。")
    if digest != _digest(row.scheme, row.version, row.sha256, row.effective_on):
        raise DomainError("您核对的内容和现在提交的不一致，请重新核对，再用新的核对码审批。")
    if now - row.proposed_at > APPROVE_WITHIN:
        raise DomainError("提交已超过 24 小时，请重新提交后再审批。")


async def _publish(row: PackProposal, by: str, now: datetime) -> None:
    data = parse_toml(row.source, _place(row.scheme, row.version))
    if fingerprint(data) != row.sha256:
        raise RuntimeError(f"proposal {row.id} is not what its hash says")
    await PublishedPack.create(
        id=new_id(now),
        scheme=row.scheme,
        version=row.version,
        source=row.source,
        canonical=canonical(data),
        sha256=row.sha256,
        effective_on=row.effective_on,
        proposed_by=row.proposed_by,
        approved_by=by,
        published_at=now,
    )


async def published(scheme: str, version: int) -> Published:
    """One version by its number."""
    found = await _published(scheme, version)
    if found is None:
        raise NotFound(f"{scheme} 第 {version} 版没有发布。")
    return found


async def with_hash(sha256: str) -> Published:
    """One version by its hash."""
    row = await PublishedPack.get_or_none(sha256=sha256)
    if row is None:
        raise NotFound(f"没有发布过 SHA-256 为 {sha256} 的评分包。")
    return _told(row)


async def in_force(scheme: str, on: date) -> Published:
    """The newest version that has taken effect by that day."""
    row = (
        await PublishedPack.filter(scheme=scheme, effective_on__lte=on).order_by("-version").first()
    )
    if row is None:
        raise NotFound(f"{scheme} 在 {on.isoformat()} 还没有生效的版本。")
    return _told(row)


async def pack_on(scheme: str, day: date) -> Pack:
    """The rules of a day; before anything was published, those that ship with the product."""
    return (await to_read(scheme, day))[0]


async def to_read(scheme: str, on: date) -> tuple[Pack, date | None]:
    """The rules of a day, as above, and since when they count: None for what only ships."""
    try:
        found = await in_force(scheme, on)
    except NotFound:
        if scheme not in versions():
            raise NotFound from None
        return shipped_pack(scheme), None
    return found.pack, found.effective_on


async def all_published() -> list[Published]:
    """Every version, by scheme, oldest first."""
    return [_told(row) for row in await PublishedPack.all().order_by("scheme", "version")]


async def _published(scheme: str, version: int) -> Published | None:
    row = await PublishedPack.get_or_none(scheme=scheme, version=version)
    return None if row is None else _told(row)


async def _refuse_disorder(scheme: str, version: int, effective_on: date, now: datetime) -> None:
    """Versions follow each other, and none reaches back over assessments already made."""
    last = await PublishedPack.filter(scheme=scheme).order_by("-version").first()
    if last is None:
        return
    if version < last.version:
        raise DomainError(f"第 {last.version} 版已经发布，新的版本号应当更大。")
    if effective_on <= last.effective_on:
        day = last.effective_on.isoformat()
        raise DomainError(f"生效日期应当晚于第 {last.version} 版的 {day}。")
    if effective_on < now.astimezone(BEIJING).date():
        raise DomainError("生效日期不能早于今天，否则已经做出的评价会改变。")


def _unchanged(known: Published, sha256: str, effective_on: date) -> Published:
    if (known.sha256, known.effective_on) != (sha256, effective_on):
        raise _changed(known)
    return known


def _changed(known: Published) -> DomainError:
    day = known.effective_on.isoformat()
    return DomainError(
        f"{known.scheme} 第 {known.version} 版已经发布（{day} 起生效），"
        "内容和生效日期都不能再改；请改用新的版本号。"
    )


def _told(row: PublishedPack) -> Published:
    return Published(
        id=row.id,
        scheme=row.scheme,
        version=row.version,
        sha256=row.sha256,
        effective_on=row.effective_on,
        proposed_by=row.proposed_by,
        approved_by=row.approved_by,
        published_at=row.published_at,
        pack=_pack(row.source, row.sha256, _place(row.scheme, row.version)),
    )


@lru_cache(maxsize=64)  # the engine compiles a pack once for each object
def _pack(source: str, sha256: str, place: str) -> Pack:
    """What was published, as it was read then: the linter of today is not asked again."""
    pack = read_pack(source, place)
    if pack.hash != sha256:
        raise RuntimeError(f"{place} is not what its hash says")
    return pack


def _place(scheme: str, version: int) -> str:
    return f"{scheme}/{version}"


def _digest(scheme: str, version: int, sha256: str, effective_on: date) -> str:
    whole = {"scheme": scheme, "version": version, "pack": sha256, "effective_on": effective_on}
    return fingerprint(whole)


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > 64:
        raise BadInput("请写明您的姓名。", field="by")
    return name


def _person(name: str) -> str:
    """A name without the differences that a keyboard makes."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
