"""Cases on the member's side: chosen, begun, handed in, followed, taken back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.domain.actors import Member
from bot.domain.case_papers import MAKER, MAKERS
from bot.domain.cases import EDITABLE, ENDED, Action, Incomplete, NotNow, State
from bot.domain.errors import BadInput, NotFound
from bot.scoring.programme import NoFee, Price, Programme, price_for
from bot.services import (
    binding_steps,
    bindings,
    case_conditions,
    case_steps,
    case_views,
    enterprises,
    memberships,
    people,
    programmes,
)
from bot.services.case_conditions import Condition
from bot.services.case_views import Case, Summary
from models import CreditCase
from models.ids import new_id

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Offer:
    """A programme as it is laid before somebody who has not begun yet."""

    programme: Programme
    price: Price | None
    """What this enterprise would owe; None: nothing may be charged now."""
    conditions: tuple[Condition, ...]
    case: Summary | None
    """The one that is open."""
    kinds: frozenset[str]
    """What the enterprise is taken for: 生产性企业 …"""

    @property
    def by_case(self) -> bool:
        """Applied for with documents; the commitment is signed on a page of its own."""
        return "intake" in self.programme.flow.steps

    @property
    def kinds_asked(self) -> tuple[str, ...]:
        """Of what kind an enterprise may be decides about these documents."""
        named = (rule.only_for for rule in self.programme.materials)
        return tuple(dict.fromkeys(kind for kind in named if kind))

    @property
    def eligible(self) -> bool:
        return all(one.met for one in self.conditions)


async def offers(enterprise_id: UUID, *, actor: Member, now: datetime) -> tuple[Offer, ...]:
    await bindings.require(actor, enterprise_id, now=now)
    charged = await programmes.all_in_force()
    return tuple([await _offer(enterprise_id, one, now=now) for one in charged])


async def offer(enterprise_id: UUID, programme: str, *, actor: Member, now: datetime) -> Offer:
    await bindings.require(actor, enterprise_id, now=now)
    return await _offer(enterprise_id, await programmes.in_force(programme), now=now)


async def _offer(enterprise_id: UUID, programme: Programme, *, now: datetime) -> Offer:
    open_ = await _open_one(enterprise_id, programme.id)
    industry = (await enterprises.look(enterprise_id)).details.industry
    return Offer(
        programme=programme,
        price=await _price(enterprise_id, programme, now=now),
        conditions=await case_conditions.conditions(enterprise_id, programme, now=now),
        case=case_views.summary(open_) if open_ else None,
        kinds=frozenset({MAKER}) if industry[:1] in MAKERS else frozenset(),
    )


async def _price(enterprise_id: UUID, programme: Programme, *, now: datetime) -> Price | None:
    """What is owed before verification; None where charging is off, forbidden or nothing.

    `programme` comes from `programmes`, which knows whether this installation charges.
    """
    day = case_steps.today(now)
    running = await memberships.current(enterprise_id, on=day, association=programme.issuer)
    try:
        return price_for(programme, member=running is not None)
    except NoFee:
        return None


async def listed(enterprise_id: UUID, *, actor: Member, now: datetime) -> tuple[Summary, ...]:
    """Every case of the enterprise, the newest first."""
    await bindings.require(actor, enterprise_id, now=now)
    rows = await CreditCase.filter(enterprise_id=enterprise_id).order_by("-created_at", "-id")
    return tuple(case_views.summary(row) for row in rows)


async def show(enterprise_id: UUID, case_id: UUID, *, actor: Member, now: datetime) -> Case:
    row = await theirs(enterprise_id, case_id, actor=actor, now=now)
    return await case_views.whole(row, today=case_steps.today(now))


async def theirs(enterprise_id: UUID, case_id: UUID, *, actor: Member, now: datetime) -> CreditCase:
    """The row, for services; NotFound when enterprise or case is not theirs."""
    await bindings.require(actor, enterprise_id, now=now)
    row = await CreditCase.get_or_none(id=case_id, enterprise_id=enterprise_id)
    if row is None:
        raise NotFound
    return row


async def begin(
    enterprise_id: UUID, programme: str, kinds: Collection[str], *, actor: Member, now: datetime
) -> Summary:
    """Open a draft; the one that is open already goes on as it is."""
    await bindings.require(actor, enterprise_id, now=now)
    chosen = await _offer(enterprise_id, await programmes.in_force(programme), now=now)
    if not chosen.by_case:
        raise NotFound("信用承诺不用提交材料，请在信用承诺页面签署。")
    if not set(kinds) <= set(chosen.kinds_asked):
        raise BadInput("请从给出的选项中选择企业类型。", field="kinds")
    async with in_transaction():
        enterprise = await binding_steps.lock(enterprise_id)
        if (open_ := await _open_one(enterprise_id, programme)) is not None:
            return case_views.summary(open_)
        await case_conditions.check(enterprise_id, chosen.programme, now=now)
        row = CreditCase(
            id=new_id(now),
            enterprise_id=enterprise_id,
            programme=chosen.programme.id,
            programme_version=chosen.programme.version,
            programme_hash=chosen.programme.hash,
            state=State.DRAFT,
            kinds=sorted(set(kinds)),
            name=enterprise.name,
            credit_code=enterprise.credit_code,
            asked={},
            created_by=people.label(actor),
            created_at=now,
            moved_at=now,
        )
        await case_steps.begin(row, actor=actor, now=now)
    return case_views.summary(row)


async def submit(enterprise_id: UUID, case_id: UUID, *, actor: Member, now: datetime) -> Summary:
    """Hand it in, for the first time or after it was sent back.

    Its number comes with the first, and its price, which no later switch or lapse makes higher.
    Raises Incomplete, NotEligible, or NotNow when somebody else has done it already; whoever did
    it themselves and asks again is answered as the first time.
    """
    await theirs(enterprise_id, case_id, actor=actor, now=now)
    async with in_transaction():
        row = await case_steps.lock(case_id, enterprise_id=enterprise_id)
        if row.state not in EDITABLE:
            if await case_steps.repeated(row, Action.SUBMIT, Action.RESUBMIT, actor=actor):
                return case_views.summary(row)
            raise NotNow
        found = await case_views.whole(row, today=case_steps.today(now))
        if found.open:
            names = "、".join(one.rule.name for one in found.open)
            raise Incomplete(f"还差：{names}。请补齐后再提交。")
        if row.state is State.RETURNED:
            await case_steps.move(row, Action.RESUBMIT, actor=actor, now=now, asked={}, reason="")
        else:
            await _submit_first(row, actor=actor, now=now)
    return case_views.summary(row)


async def _submit_first(row: CreditCase, *, actor: Member, now: datetime) -> None:
    programme = await programmes.in_force(row.programme)
    await case_conditions.check(row.enterprise_id, programme, now=now)
    owed = await _price(row.enterprise_id, programme, now=now)
    await case_steps.move(
        row, Action.SUBMIT, actor=actor, now=now,
        number=await case_steps.number(now), submitted_at=now, owed_fen=owed.fen if owed else 0,
    )  # fmt: skip


async def withdraw(
    enterprise_id: UUID, case_id: UUID, reason: str, *, actor: Member, now: datetime
) -> Summary:
    """Take it back, any time before a decision; a new one may be begun at once."""
    words = reason.strip()
    if len(words) > LONGEST_REASON:
        raise BadInput(f"原因最多 {LONGEST_REASON} 个字，请删减。", field="reason")
    await theirs(enterprise_id, case_id, actor=actor, now=now)
    async with in_transaction():
        row = await case_steps.lock(case_id, enterprise_id=enterprise_id)
        if not await case_steps.repeated(row, Action.WITHDRAW, actor=actor, reason=words):
            await case_steps.move(
                row, Action.WITHDRAW, actor=actor, now=now, reason=words, asked={}
            )
    return case_views.summary(row)


async def _open_one(enterprise_id: UUID, programme: str) -> CreditCase | None:
    found = CreditCase.filter(enterprise_id=enterprise_id, programme=programme)
    return await found.exclude(state__in=list(ENDED)).first()
