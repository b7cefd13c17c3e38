"""The credit evaluation report (002 §7), drawn from a score: six chapters, one for each group."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from bot.domain.certificates import USABLE, today
from bot.domain.charts import Part, Point
from bot.domain.documents import Certificate
from bot.domain.errors import NotFound
from bot.domain.reports import CONTENTS, Chapter, Report
from bot.scoring.canonical import plain
from bot.scoring.engine import compiled, score
from bot.scoring.financials import Financials, financials
from bot.scoring.result import Result
from bot.scoring.unknowns import Filled, filled
from bot.services import (
    assessments,
    certificate_life,
    facts,
    paper_documents,
    report_parts,
    schemes,
)
from bot.services.assessments import Kept
from bot.services.certificate_programmes import find_programme

PROGRAMME = "credit-rating"
SECRECY = "内部"
TEAM = ("发布单位评价工作组",)
EARLIER = 5  # results of other days beside today's
MOST_LOOKED_AT = 50
NONE = "这家企业没有可用的企业信用评级证书，或者没有核实过的得分，还不能出具报告。"


async def of_enterprise(
    enterprise_id: UUID, *, base: str, production: bool, now: datetime
) -> Report:
    """The report that goes with a certificate: of the verified facts, on the day it was issued."""
    held = [
        one
        for one in await certificate_life.of_enterprise(enterprise_id)
        if one.programme == PROGRAMME and one.state_on(today(now)) in USABLE and one.token
    ]
    scheme = find_programme(PROGRAMME).scheme
    if not held or scheme is None:
        raise NotFound(NONE)
    one = held[0]
    pack = await schemes.pack_on(scheme, one.valid_from)
    known, _ = await facts.as_known(
        enterprise_id, pack=pack, basis="verified", as_of=one.valid_from
    )
    result = score(pack, known, one.valid_from)
    if not result.scored:
        raise NotFound(NONE)
    printed = await paper_documents.certificate(one.id, base=base, production=production)
    earlier = await assessments.newest(enterprise_id, scheme, basis="verified", most=MOST_LOOKED_AT)
    return drawn(result, printed, earlier)


def drawn(result: Result, printed: Certificate, earlier: Sequence[Kept] = ()) -> Report:
    """A score in words, tables and figures; what nobody knows is told, never counted as zero.

    `earlier`: what was kept of other days, under the rules of those days.
    """
    programme, pack = find_programme(PROGRAMME), result.pack
    groups = filled(compiled(pack), result)
    money = financials(compiled(pack).ratios, result)
    total, most = _text(result.total or Decimal(0)), _text(pack.score.at_most)
    level = printed.level or ""
    chapters = tuple(
        _chapter(heading, group, result, money)
        for heading, group in zip(CONTENTS, groups, strict=True)
    )
    return Report(
        number=printed.number,
        secrecy=SECRECY,
        title="企业信用评价报告",
        name=printed.name,
        credit_code=printed.credit_code,
        scheme=f"《{pack.name}》第 {pack.version} 版",
        issuer=programme.issuer,
        issued_on=printed.issued_on,
        valid_to=printed.valid_to,
        verify_url=printed.verify_url,
        level=level,
        meaning=printed.meaning,
        score=f"{total}（满分 {most}）",
        team=TEAM,
        overview=(
            f"本报告依据{programme.issuer}核实过的事实，按所列方案逐项计分，得 {total} 分。",
            f"方案共 {len(pack.indicators)} 项指标，{result.answered()} 项依据齐全，其余写明。",
        ),
        aspects=tuple(
            Part(heading, round(group.share * 100), 100)
            for heading, group in zip(CONTENTS, groups, strict=True)
        ),
        chapters=chapters,
        conclusion=(
            f"综合以上各项，该企业信用等级为 {level}。有效期内发生重大变化的，等级及时调整并公布。",
        ),
        annexes=report_parts.annexes(result, money),
        trend=_trend(earlier, result),
        demonstration=printed.demonstration,
    )


def _chapter(heading: str, group: Filled, result: Result, money: Financials | None) -> Chapter:
    rows = zip(result.pack.indicators, result.by_indicator(), strict=True)
    own = [(indicator, units) for indicator, units in rows if indicator.group == group.group.id]
    table, bars, unknown = report_parts.points_of(own, result)
    told = f"本部分得 {_text(group.points)} 分，最高 {_text(group.high)} 分。"
    words = [told + (f"其中 {unknown} 项没有依据，没有计分。" if unknown else "")]
    ratios = report_parts.ratios_of((indicator for indicator, _ in own), money)
    if ratios is None:
        return Chapter(heading, tuple(words), (table,), bars)
    return Chapter(
        heading, (*words, *ratios.paragraphs), (table, *ratios.tables), bars, ratios.trends
    )


def _trend(earlier: Sequence[Kept], result: Result) -> tuple[Point, ...]:
    """The totals by their days, today's last; nothing where there is none to compare with."""
    before = {one.as_of: one.total for one in earlier if one.as_of < result.as_of}
    if not before:
        return ()
    told = [*sorted(before.items())[-EARLIER:], (result.as_of, result.total)]
    return tuple(
        Point(f"{day:%Y-%m-%d}", None if total is None else Decimal(_text(total)))
        for day, total in told
    )


def _text(points: Decimal) -> str:
    return plain(Decimal(points))
