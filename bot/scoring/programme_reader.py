"""Reads a programme strictly, and finds what is wrong with one."""

from collections.abc import Iterator
from string import Formatter

from bot.scoring.canonical import fingerprint
from bot.scoring.lint import Finding
from bot.scoring.pack import Pack
from bot.scoring.pack_reader import source_of
from bot.scoring.programme import (
    APPLICANTS,
    DECIDERS,
    FEE_MODES,
    SCOPES,
    STEPS,
    UPGRADES,
    AnnualReview,
    CertificateRule,
    Fee,
    Flow,
    MaterialRule,
    NoticeRule,
    Price,
    Programme,
    Refund,
)
from bot.scoring.reading import BadData, Table, parse_toml

_LONGEST_YEARS = 10


def read_programme(text: str, file: str) -> Programme:
    """The programme that the text describes."""
    data = parse_toml(text, file)
    top = Table(data, file)
    certificate, flow, notice, upgrade = (
        top.table(key) for key in ("certificate", "flow", "notice", "upgrade")
    )
    fee, refund, review = top.table("fee"), top.maybe_table("refund"), top.maybe_table("review")
    programme = Programme(
        id=top.text("id"),
        version=top.integer("version"),
        name=top.text("name"),
        document=top.text("document"),
        issuer=top.text("issuer"),
        scheme=top.maybe_text("scheme"),
        shows=top.maybe_text("shows"),
        hash=fingerprint(data),
        file=file,
        effective_from=top.maybe_day("effective_from"),
        retired_on=top.maybe_day("retired_on"),
        conditions=top.texts("conditions"),
        fee=_fee(fee),
        refund=None if refund is None else _refund(refund),
        certificate=_certificate(certificate),
        annual_review=None if review is None else _review(review),
        upgrade=upgrade.one_of("when", UPGRADES),
        upgrade_source=source_of(upgrade),
        flow=_flow(flow),
        notice=_notice(notice),
        materials=top.each("material", _material),
    )
    for table in (certificate, flow, notice, upgrade, fee, refund, review, top):
        if table is not None:
            table.done()
    return programme


def _fee(t: Table) -> Fee:
    mode, basis = t.one_of("mode", FEE_MODES), t.maybe_text("legal_basis")
    return Fee(mode, basis, t.each("price", _price), source_of(t))


def _price(t: Table) -> Price:
    fen, years = t.integer("fen"), t.integer("membership_years", 0)
    if fen < 0 or years < 0:
        t.fail("金额和年数不能是负数")
    return Price(t.one_of("who", APPLICANTS), fen, t.maybe_text("membership"), years, source_of(t))


def _refund(t: Table) -> Refund:
    after, cancelled = t.integer("after_percent"), t.integer("cancelled_percent")
    if not 0 <= min(after, cancelled) <= max(after, cancelled) <= 100:
        t.fail("退款比例应当在 0 到 100 之间")
    return Refund(t.one_of("full_before", STEPS), after, cancelled, source_of(t))


def _certificate(t: Table) -> CertificateRule:
    number = t.text("number")
    fields = {name for _, name, _, _ in Formatter().parse(number) if name is not None}
    if not fields <= {"year", "body", "grade", "serial"} or "serial" not in fields:
        t.fail("编号只能用 {year}、{body}、{grade}、{serial}，而且要有 {serial}", "number")
    return CertificateRule(
        t.integer("valid_years"), t.text("body"), number, t.integer("serial_digits"), source_of(t)
    )


def _review(t: Table) -> AnnualReview:
    return AnnualReview(
        t.integer("opens_days_before"),
        t.integer("grace_days"),
        t.integer("withdrawn_after_days"),
        source_of(t),
    )


def _flow(t: Table) -> Flow:
    steps = t.texts("steps")
    for step in steps:
        if step not in STEPS:
            t.fail(f"没有“{step}”这一步；有：{'、'.join(STEPS)}", "steps")
    return Flow(
        steps=steps,
        decides=t.one_of("decides", DECIDERS),
        team_at_least=t.integer("team_at_least", 0),
        committee_at_least=t.integer("committee_at_least", 0),
        committee_may_raise=t.flag("committee_may_raise", default=False),
        returns_at_most=t.integer("returns_at_most", 0),
        source=source_of(t),
    )


def _notice(t: Table) -> NoticeRule:
    return NoticeRule(
        t.flag("before_award", default=False),
        t.integer("working_days"),
        t.one_of("scope", SCOPES),
        t.one_of("downgrade_scope", SCOPES),
        source_of(t),
    )


def _material(t: Table) -> MaterialRule:
    return MaterialRule(
        id=t.text("id"),
        name=t.text("name"),
        required=t.flag("required", default=True),
        only_for=t.maybe_text("only_for"),
        sealed=t.flag("sealed", default=True),
        confidential=t.flag("confidential", default=False),
        steps=t.texts("steps"),
        facts=t.texts("facts"),
        source=source_of(t),
    )


def load_programme(text: str, file: str, pack: Pack | None) -> Programme:
    """A programme fit to run: read strictly and free of findings."""
    programme = read_programme(text, file)
    findings = check_programme(programme, pack)
    if findings:
        raise BadData(file, findings[0].place, findings[0].problem)
    return programme


def check_programme(programme: Programme, pack: Pack | None) -> list[Finding]:
    """Every defect; `pack` is the scheme that it names, None when it names none."""
    checks = (_scheme, _fees, _dates, _people, _order, _materials, _sources)
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


def _fees(programme: Programme, _: Pack | None) -> Found:
    fee = programme.fee
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
