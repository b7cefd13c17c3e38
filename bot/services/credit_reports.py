"""The credit evaluation report (002 §7), drawn from a score: six chapters, one for each group."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from bot.domain.certificates import USABLE, today
from bot.domain.charts import Part
from bot.domain.documents import Certificate
from bot.domain.errors import NotFound
from bot.domain.reports import ANNEXES, CONTENTS, Chapter, Report, Table
from bot.scoring.canonical import plain
from bot.scoring.engine import compiled, score
from bot.scoring.result import Result
from bot.scoring.unknowns import Filled, extremes, filled
from bot.services import certificate_life, facts, paper_documents, schemes
from bot.services.certificate_programmes import find_programme

PROGRAMME = "credit-rating"
SECRECY = "内部"
TEAM = ("发布单位评价工作组",)
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
    return drawn(result, printed)


def drawn(result: Result, printed: Certificate) -> Report:
    """A score in words, tables and figures; what nobody knows is told, never counted as zero."""
    programme, pack = find_programme(PROGRAMME), result.pack
    groups = filled(compiled(pack), result)
    total, most = _text(result.total or Decimal(0)), _text(pack.score.at_most)
    level = printed.level or ""
    chapters = tuple(
        _chapter(heading, group, result) for heading, group in zip(CONTENTS, groups, strict=True)
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
        annexes=(
            Chapter(ANNEXES[0], tables=(_levels(result),)),
            *(Chapter(heading) for heading in ANNEXES[1:]),
        ),
        demonstration=printed.demonstration,
    )


def _chapter(heading: str, group: Filled, result: Result) -> Chapter:
    rows, unknown = [], 0
    for indicator, units in zip(result.pack.indicators, result.by_indicator(), strict=True):
        if indicator.group == group.group.id:
            most = sum(extremes(part, result.scale)[1] for part in indicator.parts)
            known = [one for one in units if one is not None]
            unknown += not known
            points = _text(result.points(sum(known))) if known else "没有依据"
            rows.append((indicator.code, indicator.name, _text(result.points(most)), points))
    told = f"本部分得 {_text(group.points)} 分，最高 {_text(group.high)} 分。"
    return Chapter(
        heading,
        (told + (f"其中 {unknown} 项没有依据，没有计分。" if unknown else ""),),
        (Table("指标得分", ("代码", "指标", "最高分", "得分"), tuple(rows), frozenset({2, 3})),),
    )


def _levels(result: Result) -> Table:
    rows: Sequence[tuple[str, str]] = [(one.name, one.meaning) for one in result.pack.grades]
    return Table("信用等级及含义", ("等级", "含义"), tuple(rows))


def _text(points: Decimal) -> str:
    return plain(Decimal(points))
