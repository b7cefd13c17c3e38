"""Reads a programme strictly: unknown keys, wrong types and impossible numbers are refused."""

import re
from string import Formatter

from bot.scoring.canonical import fingerprint
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
from bot.scoring.reading import Table, parse_toml

_MOST_DIGITS = 9


def read_programme(text: str, file: str) -> Programme:
    """The programme that the text describes."""
    data = parse_toml(text, file)
    top = Table(data, file)
    certificate, flow, notice, upgrade = (
        top.table(key) for key in ("certificate", "flow", "notice", "upgrade")
    )
    fee, refund, review = top.table("fee"), top.maybe_table("refund"), top.maybe_table("review")
    programme = Programme(
        id=_id(top),
        version=_at_least(top, "version", 1),
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


def _id(t: Table) -> str:
    name = t.text("id")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        t.fail("编号只用小写字母、数字和连字符，例如 credit-rating", "id")
    return name


def _at_least(t: Table, key: str, least: int, default: int | None = None) -> int:
    number = t.integer(key, default)
    if number < least:
        t.fail(f"应当不小于 {least}", key)
    return number


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
    fields = _fields(number)
    if not set(fields) <= {"year", "body", "grade", "serial"} or fields.count("serial") != 1:
        t.fail("编号只能用 {year}、{body}、{grade}、{serial}，而且要有一个 {serial}", "number")
    if not number.endswith("{serial}"):
        t.fail("顺序号 {serial} 应当在编号的最后", "number")
    digits = t.integer("serial_digits")
    if not 1 <= digits <= _MOST_DIGITS:
        t.fail(f"应当在 1 到 {_MOST_DIGITS} 之间", "serial_digits")
    return CertificateRule(t.integer("valid_years"), t.text("body"), number, digits, source_of(t))


def _fields(pattern: str) -> list[str]:
    """The names in braces, each bare; something else where the braces are anything else."""
    try:
        parsed = list(Formatter().parse(pattern))
    except ValueError:
        return ["?"]
    named = [(name, spec, turn) for _, name, spec, turn in parsed if name is not None]
    return ["?" if spec or turn else name for name, spec, turn in named]


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
        team_at_least=_at_least(t, "team_at_least", 0, 0),
        committee_at_least=_at_least(t, "committee_at_least", 0, 0),
        committee_may_raise=t.flag("committee_may_raise", default=False),
        returns_at_most=_at_least(t, "returns_at_most", 0, 0),
        source=source_of(t),
    )


def _notice(t: Table) -> NoticeRule:
    return NoticeRule(
        t.flag("before_award", default=False),
        _at_least(t, "working_days", 0),
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
