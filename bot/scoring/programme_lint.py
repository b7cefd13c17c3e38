"""Finds what is wrong with a programme: prices, dates, people, steps, materials, sources."""

from collections.abc import Iterator

from bot.scoring.lint import Finding
from bot.scoring.pack import Pack
from bot.scoring.programme import CONDITIONS, STEPS, Programme
from bot.scoring.programme_reader import read_programme
from bot.scoring.reading import BadData

_LONGEST_YEARS = 10


def load_programme(text: str, file: str, pack: Pack | None) -> Programme:
    """A programme fit to run: read strictly and free of findings."""
    programme = read_programme(text, file)
    findings = check_programme(programme, pack)
    if findings:
        raise BadData(file, findings[0].place, findings[0].problem)
    return programme


def check_programme(programme: Programme, pack: Pack | None) -> list[Finding]:
    """Every defect; `pack` is the scheme that it names, None when it names none."""
    checks = (_scheme, _conditions, _fees, _dates, _people, _order, _materials, _sources)
    return [
        Finding(programme.file, place, check.__name__.lstrip("_"), words)
        for check in checks
        for place, words in check(programme, pack)
    ]


Found = Iterator[tuple[str, str]]


def _scheme(programme: Programme, pack: Pack | None) -> Found:
    if programme.scheme is not None and (pack is None or pack.id != programme.scheme):
        yield "scheme", f"没有“{programme.scheme}”这个评分包"
    if programme.scheme is None and programme.flow.decides != "signature":
        yield "flow.decides", "没有评分包的项目只能由签署决定"


def _conditions(programme: Programme, _: Pack | None) -> Found:
    for words in programme.conditions:
        if words not in CONDITIONS:
            yield "conditions", f"不知道怎样核对“{words}”；能核对的有：{'、'.join(CONDITIONS)}"


def _fees(programme: Programme, _: Pack | None) -> Found:
    fee = programme.fee
    asked = [price.who for price in fee.prices]
    for who in sorted({who for who in asked if asked.count(who) > 1}):
        yield f"fee.price[{who}]", "同一类申请人有两个价格"
    if fee.mode == "on" and programme.scheme is not None and not fee.legal_basis:
        yield "fee.legal_basis", "评出等级的项目要收费，必须写明法律依据"
    if fee.mode == "never" and any(price.fen for price in fee.prices):
        yield "fee", "不收取任何费用的项目不能有价格"
    if fee.mode == "on" and not any(price.fen for price in fee.prices):
        yield "fee", "收费的项目没有价格"
    if any(price.fen for price in fee.prices):
        if programme.refund is None:
            yield "refund", "有价格就要写明退款办法"
        if "pay" not in programme.flow.steps:
            yield "flow.steps", "有价格却没有付款这一步（pay）"
    refund = programme.refund
    if refund is not None and refund.full_before not in programme.flow.steps:
        yield "refund.full_before", f"流程里没有“{refund.full_before}”这一步"


def _dates(programme: Programme, _: Pack | None) -> Found:
    years, review = programme.certificate.valid_years, programme.annual_review
    start, end = programme.effective_from, programme.retired_on
    if not 1 <= years <= _LONGEST_YEARS:
        yield "certificate.valid_years", f"{years} 年不合理"
    if start is not None and end is not None and end <= start:
        yield "retired_on", "停用日不晚于生效日，项目永远不会生效"
    if review is not None:
        if years < 2:
            yield "review", "证书只有一年，年审日永远不会到"
        if not 0 <= review.opens_days_before <= 365:
            yield "review.opens_days_before", "应当在 0 到 365 天之间"
        if not 0 <= review.grace_days < review.withdrawn_after_days:
            yield "review.grace_days", "宽限期应当短于撤销的期限"
    if programme.notice.before_award and not 1 <= programme.notice.working_days <= 30:
        yield "notice.working_days", "颁证前的公示应当是 1 到 30 个工作日"


def _people(programme: Programme, _: Pack | None) -> Found:
    flow = programme.flow
    if "committee" in flow.steps and flow.committee_at_least < 1:
        yield "flow.committee_at_least", "有委员会这一步，却没有写人数"
    if {"mark", "report"} & set(flow.steps) and flow.team_at_least < 1:
        yield "flow.team_at_least", "有评价小组的步骤，却没有写人数"


def _order(programme: Programme, _: Pack | None) -> Found:
    steps = programme.flow.steps
    ranks = [STEPS.index(step) for step in steps if step != "pay"]  # paid whenever it is owed
    if ranks != sorted(ranks):
        yield "flow.steps", f"各步的先后应当是：{'、'.join(STEPS)}"
    last = [step for step in steps if step in {"award", "show"}]
    if not last:
        yield "flow.steps", "流程没有结果：要有 award 或 show"
    if "award" in steps and steps[-1] != "award":
        yield "flow.steps", "award 应当是最后一步"
    if programme.notice.before_award and "candidate_notice" not in steps:
        yield "flow.steps", "颁证前要公示，却没有 candidate_notice 这一步"
    if programme.flow.decides not in {*steps, "signature"}:
        yield "flow.decides", f"由 {programme.flow.decides} 决定，流程里却没有这一步"


def _materials(programme: Programme, pack: Pack | None) -> Found:
    seen: set[str] = set()
    for material in programme.materials:
        place = f"material[{material.id}]"
        if material.id in seen:
            yield place, "材料编号重复"
        seen.add(material.id)
        if not material.steps and not material.facts:
            yield place, "没有规则也没有步骤用到这份材料"
        for step in material.steps:
            if step not in programme.flow.steps:
                yield place, f"流程里没有“{step}”这一步"
        for fact in material.facts:
            if pack is None or fact not in pack.facts:
                yield place, f"评分包里没有“{fact}”这项事实"


def _sources(programme: Programme, _: Pack | None) -> Found:
    rows: list[tuple[str, object]] = [
        ("fee", programme.fee.source),
        ("certificate", programme.certificate.source),
        ("upgrade", programme.upgrade_source),
        ("flow", programme.flow.source),
        ("notice", programme.notice.source),
    ]
    if programme.refund is not None:
        rows.append(("refund", programme.refund.source))
    if programme.annual_review is not None:
        rows.append(("review", programme.annual_review.source))
    rows += [(f"fee.price[{price.who}]", price.source) for price in programme.fee.prices]
    rows += [(f"material[{m.id}]", m.source) for m in programme.materials]
    yield from ((place, "没有写 source：依据是什么") for place, source in rows if source is None)
