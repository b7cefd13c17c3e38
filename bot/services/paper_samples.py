"""One sample of every kind of document, marked as one, from the texts and rules that ship."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from bot.domain import handwriting
from bot.domain.certificates import last_valid_day, level_code
from bot.domain.documents import (
    Certificate,
    CommitmentLetter,
    Drawing,
    Listed,
    Notice,
    Plaque,
    Section,
)
from bot.domain.handwriting import Dot, Strokes
from bot.domain.printing import Document
from bot.domain.reports import Report
from bot.scoring.cases import Case
from bot.scoring.engine import score
from bot.scoring.facts import Facts
from bot.scoring.library import shipped_cases, shipped_pack, shipped_programmes
from bot.scoring.programme import Programme, certificate_number
from bot.services import credit_reports
from bot.services.certificate_programmes import find_programme, meaning
from bot.services.commitment_publishing import PROGRAMME as COMMITMENT
from bot.services.commitment_texts import in_force
from bot.services.paper_documents import NO_LEVEL, RECIPIENT, edition

NAME, CODE, PERSON = "示例科技股份有限公司", "91110000MA0000000X", "示例人"
GRADED = "credit-evaluation"  # whose plaque and list of results are shown
HAND = ((80, 300, 1100, 260), (590, 120, 560, 900), (580, 320, 200, 880), (600, 420, 1200, 940))
"""Four lines of a pen, from where to where."""
SHOWN_FOR = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Asked:
    """As of which day, and where its codes lead to."""

    day: date
    base: str


def kinds() -> Mapping[str, Callable[[Asked], Document]]:
    """Every kind by its name at the command line; a certificate is called by its programme."""
    certificates = {one.id: partial(_certificate, one) for one in shipped_programmes()}
    return {**certificates, "plaque": _plaque, "letter": _letter, "report": _report,
            "notice": _notice}  # fmt: skip


def _certificate(programme: Programme, asked: Asked) -> Certificate:
    pack = shipped_pack(programme.scheme) if programme.scheme else None
    level = next((one.name for one in pack.grades if one.graded), "") if pack else ""
    text = in_force(asked.day)
    rests = f"《{pack.name}》第 {pack.version} 版" if pack else f"{text.title} 第 {text.version} 版"
    number = certificate_number(programme, year=asked.day.year, grade=level_code(level), serial=0)
    return Certificate(
        programme=programme.id,
        number=number,
        verify_url=f"{asked.base}/v/{number}",
        name=NAME,
        credit_code=CODE,
        scheme=rests,
        issuer=programme.issuer,
        issued_on=asked.day,
        valid_from=asked.day,
        valid_to=last_valid_day(asked.day, programme.certificate.valid_years),
        level=level or None,
        meaning=meaning(programme, level) or NO_LEVEL,
        demonstration=True,
    )


def _plaque(asked: Asked) -> Plaque:
    shown = _certificate(find_programme(GRADED), asked)
    return Plaque(
        programme=shown.programme,
        number=shown.number,
        verify_url=shown.verify_url,
        name=shown.name,
        issuer=shown.issuer,
        issued_on=shown.issued_on,
        valid_to=shown.valid_to,
        level=shown.level,
        demonstration=True,
    )


def _letter(asked: Asked) -> CommitmentLetter:
    text, shown = in_force(asked.day), _certificate(find_programme(COMMITMENT), asked)
    return CommitmentLetter(
        number=shown.number,
        title=text.title,
        edition=edition(text),
        recipient=RECIPIENT,
        preamble=(text.basis,),
        sections=tuple(Section(part.heading, part.items) for part in text.sections),
        name=NAME,
        credit_code=CODE,
        signatory=PERSON,
        signature=_hand(),
        seal=None,
        signed_on=asked.day,
        sha256=text.sha256,
        verify_url=f"{asked.base}/public/commitments",
        issuer=shown.issuer,
        awaits_approval=not text.approved,
        demonstration=True,
    )


def _hand() -> Drawing:
    """As a hand at even pace would leave it."""
    strokes = tuple(
        tuple(
            Dot(x + (to_x - x) * step // 11, y + (to_y - y) * step // 11, ms=400 * n + 20 * step)
            for step in range(12)
        )
        for n, (x, y, to_x, to_y) in enumerate(HAND)
    )
    return Drawing(handwriting.svg(Strokes(strokes)))


def _report(asked: Asked) -> Report:
    """Of the best enterprise among the examples beside the rules."""
    programme = find_programme(credit_reports.PROGRAMME)
    shown = _certificate(programme, asked)
    pack = shipped_pack(str(programme.scheme))
    known = [one for one in shipped_cases(pack.id) if _reaches(one, shown.level)]
    case = known[0]
    assert isinstance(case.facts, Facts)  # noqa: S101  # _reaches
    return credit_reports.drawn(score(pack, case.facts, case.as_of), shown)


def _reaches(case: Case, level: str | None) -> bool:
    return isinstance(case.facts, Facts) and case.expect.get("grade") == level


def _notice(asked: Asked) -> Notice:
    shown = _certificate(find_programme(GRADED), asked)
    assert shown.level is not None  # noqa: S101  # this programme grades
    return Notice(
        number=f"公示〔{asked.day.year}〕0 号",
        title="关于企业信用评价结果的公示",
        scheme=shown.scheme,
        issuer=shown.issuer,
        issued_on=asked.day,
        begins_on=asked.day + timedelta(days=1),
        ends_on=asked.day + timedelta(days=1) + SHOWN_FOR,
        preamble=("经企业申报、材料核实和评分，现将本批企业信用评价结果予以公示。",),
        rows=tuple(Listed(f"示例企业{n}有限公司", CODE, shown.level) for n in range(1, 4)),
        objections=("对公示内容有异议的，请在公示期内提出，写明事实并附证据。",),
        demonstration=True,
    )
