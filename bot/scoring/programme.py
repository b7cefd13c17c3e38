"""A programme: a scheme with its issuer, its price, its validity and the steps that it takes."""

from dataclasses import dataclass, replace
from datetime import date

from bot.domain.errors import DomainError
from bot.scoring.pack import Source

# Every step that a programme may take, in the order in which they follow one another; what is
# owed may be paid at any of them.
STEPS = (
    "sign",
    "seal",
    "pay",
    "show",
    "intake",
    "verify",
    "score",
    "mark",
    "report",
    "committee",
    "candidate_notice",
    "result_notice",
    "award",
)
DECIDERS = ("signature", "score", "committee")
FEE_MODES = ("on", "off", "never")
APPLICANTS = ("everyone", "member", "other")
UPGRADES = ("none", "any_time", "next_intake")
SCOPES = ("public", "members", "internal")
# What may be asked of an applicant; how each is looked at stands in services/case_conditions.py.
CONDITIONS = (
    "协会会员",
    "促进会会员",
    "企业登记状态为存续",
    "已签署信用承诺",
    "没有未解除的重大失信行为",
)


class NoFee(DomainError):
    """Nothing may be charged: no order can be made out at all."""

    code = "no_fee"
    message = "这个项目不收费，不需要付款。"


class FeeNotAllowed(DomainError):
    """Charging cannot be switched on: the programme forbids it, or no legal basis is named."""

    code = "fee_not_allowed"
    message = "开启收费之前，请先写明法律依据。"


@dataclass(frozen=True, slots=True)
class Price:
    """What one kind of applicant pays, and what that includes."""

    who: str
    fen: int
    membership: str | None
    membership_years: int
    source: Source | None


@dataclass(frozen=True, slots=True)
class Fee:
    """`never` cannot be changed by anybody; `off` waits for a named legal basis."""

    mode: str
    legal_basis: str | None
    prices: tuple[Price, ...]
    source: Source | None


@dataclass(frozen=True, slots=True)
class Refund:
    """All of it before a step begins; afterwards, or when the association cancels, a share."""

    full_before: str
    after_percent: int
    cancelled_percent: int
    source: Source | None


@dataclass(frozen=True, slots=True)
class CertificateRule:
    """How long a certificate lasts and how it is numbered."""

    valid_years: int
    body: str
    number: str
    serial_digits: int
    source: Source | None


@dataclass(frozen=True, slots=True)
class AnnualReview:
    """Days around each anniversary inside the validity."""

    opens_days_before: int
    grace_days: int
    withdrawn_after_days: int
    source: Source | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Which steps are taken, who decides, and how many people that needs."""

    steps: tuple[str, ...]
    decides: str
    team_at_least: int
    committee_at_least: int
    committee_may_raise: bool
    returns_at_most: int
    source: Source | None


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """What is published, for how long before the award, and who sees a lowered grade."""

    before_award: bool
    working_days: int
    scope: str
    downgrade_scope: str
    source: Source | None


@dataclass(frozen=True, slots=True)
class MaterialRule:
    """One document: when it is asked for, and which steps and facts rest on it."""

    id: str
    name: str
    required: bool
    only_for: str | None
    sealed: bool
    confidential: bool
    steps: tuple[str, ...]
    facts: tuple[str, ...]
    source: Source | None


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """One version of one programme; `hash` is the SHA-256 of its canonical form."""

    id: str
    version: int
    name: str
    document: str
    issuer: str
    scheme: str | None
    shows: str | None  # a scheme whose self-score is shown without being a grade
    hash: str
    file: str
    effective_from: date | None
    retired_on: date | None
    conditions: tuple[str, ...]
    fee: Fee
    refund: Refund | None
    certificate: CertificateRule
    annual_review: AnnualReview | None
    upgrade: str
    upgrade_source: Source | None
    flow: Flow
    notice: NoticeRule
    materials: tuple[MaterialRule, ...]

    def materials_for(self, kinds: frozenset[str]) -> tuple[MaterialRule, ...]:
        """What an enterprise of these kinds (生产性企业, 特种行业 …) is asked for."""
        return tuple(m for m in self.materials if m.only_for is None or m.only_for in kinds)


def price_for(programme: Programme, *, member: bool) -> Price:
    """What this applicant owes; NoFee where nothing may be charged, so that no order can exist."""
    if programme.fee.mode != "on":
        raise NoFee
    who = ("member" if member else "other", "everyone")
    owed = [price for price in programme.fee.prices if price.who in who and price.fen > 0]
    if not owed:
        raise NoFee
    return owed[0]


def switched_on(programme: Programme, legal_basis: str) -> Programme:
    """The programme with charging switched on, on a basis that somebody has put a name to."""
    if programme.fee.mode == "never":
        raise FeeNotAllowed("按规定，这个项目不收取任何费用，不能改为收费。")
    if not legal_basis.strip():
        raise FeeNotAllowed
    fee = replace(programme.fee, mode="on", legal_basis=legal_basis.strip())
    return replace(programme, fee=fee)


def certificate_number(programme: Programme, *, year: int, grade: str, serial: int) -> str:
    """The readable number; it grants nothing, the signed token beside it does."""
    rule = programme.certificate
    return rule.number.format(
        year=f"{year:04d}", body=rule.body, grade=grade, serial=f"{serial:0{rule.serial_digits}d}"
    )
