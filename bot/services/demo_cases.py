"""Cases of the demonstration: on two phones one in every state in which a case can rest."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bot.domain.actors import Member
from bot.domain.case_papers import MAKER, MAKERS, Asks, rule_of
from bot.domain.consents import Purpose
from bot.scoring.programme import MaterialRule
from bot.services import case_intake, case_materials, cases, demo_papers
from bot.services.certificate_programmes import find_programme
from bot.services.demo_names import Invented
from bot.services.demo_stage import Stage

EVALUATION, RATING, SHANXI = "credit-evaluation", "credit-rating", "shanxi-integrity"
LICENCE = "business_licence"
DAYS_IN_SHANXI = 5
FILLING_IN = timedelta(minutes=35)


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that is kept, for a document of a case."""

    material: str
    file_id: UUID
    dated: str


@dataclass(frozen=True, slots=True)
class Applicant:
    """One enterprise, whoever applies for it, and with what."""

    one: Invented
    actor: Member
    papers: dict[str, tuple[Ready, ...]]
    """By the programme."""


async def apply(stage: Stage, step: str) -> None:
    """First the files, then what became of the cases that they belong to."""
    played, phones, at = stage.played, stage.phones, stage.ago(40)
    owner = await stage.on(phones.owner, at)
    agent = await stage.on(phones.agent, at)
    first, second = await asyncio.gather(
        _applicant(stage, played.owned, owner, at, (EVALUATION, RATING)),
        _applicant(stage, played.in_shanxi, agent, at, (EVALUATION, SHANXI, RATING)),
    )
    async with stage.noted(step):
        await _of_owner(stage, first)
        await _of_agent(stage, second)


async def _of_owner(stage: Stage, who: Applicant) -> None:
    """One withdrawn and begun again, half-way; one sent back with reasons."""
    case = await _begin(stage, who, RATING, stage.ago(30), most=1)
    await cases.withdraw(
        stage.of(who.one), case, "先申报另一个项目", actor=who.actor, now=stage.ago(29)
    )
    await _begin(stage, who, RATING, stage.ago(4), most=4)
    case = await _submit(stage, who, EVALUATION, stage.ago(6))
    reasons = {
        "application": "第一页的日期没有填写，请填好后重新上传",
        "tax_status": "没有显示查询日期，请上传完整的查询结果页",
    }
    await case_intake.return_(case, reasons, actor=stage.people.by, now=stage.ago(1))


async def _of_agent(stage: Stage, who: Applicant) -> None:
    """One refused, one to be paid for, one being verified, one just handed in."""
    by = stage.people.by
    case = await _submit(stage, who, EVALUATION, stage.ago(40))
    await case_intake.reject(
        case, "申请表不是本年度的版本，请下载新的申请表重新申报", actor=by, now=stage.ago(38)
    )
    case = await _submit(stage, who, EVALUATION, stage.ago(12))
    await case_intake.accept(case, actor=by, now=stage.ago(11))
    case = await _submit(stage, who, SHANXI, stage.ago(DAYS_IN_SHANXI))
    await case_intake.accept(case, actor=by, now=stage.ago(2))
    await _submit(stage, who, RATING, stage.ago(1), reusing=LICENCE)


async def _submit(
    stage: Stage, who: Applicant, programme: str, at: datetime, *, reusing: str = ""
) -> UUID:
    """Everything that is asked for; `reusing` names what was accepted in another case."""
    case = await _begin(stage, who, programme, at - FILLING_IN, without=reusing)
    enterprise = stage.of(who.one)
    if reusing:
        known = await case_materials.offered(enterprise, case, reusing, actor=who.actor, now=at)
        await case_materials.reuse(
            enterprise, case, reusing, known[0].id,
            actor=who.actor, now=at, cabinet=stage.cabinet, wechat=None,
        )  # fmt: skip
    await cases.submit(enterprise, case, actor=who.actor, now=at)
    return case


async def _begin(
    stage: Stage,
    who: Applicant,
    programme: str,
    at: datetime,
    *,
    without: str = "",
    most: int | None = None,
) -> UUID:
    enterprise, kinds = stage.of(who.one), _kinds(who.one, programme)
    case = await cases.begin(enterprise, programme, kinds, actor=who.actor, now=at)
    for paper in who.papers[programme][:most]:
        if paper.material != without:
            await case_materials.attach(
                enterprise, case.id, paper.material, paper.file_id, paper.dated,
                actor=who.actor, now=at, cabinet=stage.cabinet, wechat=None,
            )  # fmt: skip
    return case.id


async def _applicant(
    stage: Stage, one: Invented, actor: Member, at: datetime, programmes: Sequence[str]
) -> Applicant:
    await stage.agree(Purpose.IDENTITY, actor=actor, at=at)
    papers = {
        programme: tuple(
            [
                await _kept(stage, one, actor, at, rule, time)
                for rule in find_programme(programme).materials_for(_kinds(one, programme))
                if rule.required
                for time in range(rule_of(rule.id).at_least)
            ]
        )
        for programme in programmes
    }
    return Applicant(one, actor, papers)


async def _kept(
    stage: Stage, one: Invented, actor: Member, at: datetime, rule: MaterialRule, time: int
) -> Ready:
    paper_rule, on = rule_of(rule.id), stage.day(at) - timedelta(days=20)
    handed_in = stage.day(stage.ago(DAYS_IN_SHANXI))  # by that day's year accounts are judged
    dated = {
        Asks.YEAR: str(handed_in.year - 1 - time),
        Asks.ISSUED: on.isoformat(),
        Asks.UNTIL: on.replace(year=on.year + 2, day=1).isoformat(),
    }
    asked = dated[paper_rule.asks] if paper_rule.asks else ""
    note = f"所属年度：{asked}" if paper_rule.asks is Asks.YEAR else ""
    paper = (
        demo_papers.licence(one)
        if rule.id == LICENCE
        else demo_papers.sheet(rule.id, rule.name, one, on=on, note=note, pdf=rule.confidential)
    )
    kept = await stage.keep(
        one, paper_rule.kind, paper, actor=actor, at=at, confidential=rule.confidential
    )
    return Ready(rule.id, kept.id, asked)


def _kinds(one: Invented, programme: str) -> frozenset[str]:
    makes = one.industry[:1] in MAKERS and programme == SHANXI
    return frozenset({MAKER}) if makes else frozenset()
