"""Who acts for whom in the demonstration: bindings in every state, invitations, claims."""

from datetime import date
from uuid import UUID

from bot.domain.bindings import Role
from bot.services import (
    claim_papers,
    claim_reviews,
    claims,
    colleagues,
    demo_papers,
    invitations,
    memberships,
    roster_claims,
)
from bot.services.claims import Papers
from bot.services.demo_names import NATIONAL, Invented
from bot.services.demo_stage import Stage, spooled
from bot.services.memberships import Period

COLLEAGUE = "周敏"


async def bind(stage: Stage, step: str) -> None:
    """Everybody who holds an enterprise, and how some of that ended."""
    played = stage.played
    *running, lost, left, expired = played.others[:8] + played.others[10:]
    async with stage.noted(step):
        await _on_phones(stage)
        await _join_national(stage)
        for one in (played.neighbour, *running):
            await stage.legal(one, stage.ago(90))
        await stage.legal(expired, stage.ago(400))
        await colleagues.expire(now=stage.now)
        await colleagues.lose_phone(actor=await stage.legal(lost, stage.ago(90)), now=stage.ago(2))
        gone = await stage.legal(left, stage.ago(90))
        await colleagues.leave(stage.of(left), actor=gone, now=stage.ago(2))


async def _on_phones(stage: Stage) -> None:
    """The roster is believed at once; whoever comes second waits until the first one confirms."""
    played, phones, at = stage.played, stage.phones, stage.ago(100)
    owner = await stage.on(phones.owner, at)
    await roster_claims.by_phone(phones.owner.number, actor=owner, vault=stage.vault, now=at)
    held = {stage.of(played.owned): owner}
    held[stage.of(played.in_shanxi)] = await stage.legal(played.in_shanxi, at)
    agent = await stage.on(phones.agent, at)
    second = await roster_claims.by_phone(
        phones.agent.number, actor=agent, vault=stage.vault, now=at
    )
    for claimed in second.claims:
        await claim_reviews.confirm(
            claimed.binding_id, actor=held[claimed.enterprise_id], now=stage.ago(99)
        )
    long_ago = stage.ago(353)  # their year is nearly over
    lapsed = await stage.on(phones.lapsed, long_ago)
    await roster_claims.by_phone(
        phones.lapsed.number, actor=lapsed, vault=stage.vault, now=long_ago
    )


async def _join_national(stage: Stage) -> None:
    """The one in Shanxi belongs to both associations: so its commitment is free."""
    year = stage.day(stage.now).year
    period = Period(NATIONAL, "会员", date(year - 1, 1, 1), date(year, 12, 31))
    await memberships.add(
        stage.of(stage.played.in_shanxi), period,
        how="staff", actor=stage.people.by, now=stage.ago(95),
    )  # fmt: skip


async def invite(stage: Stage, step: str) -> None:
    """Links of the owner: one used, one that nobody used in time, one taken back, one open."""
    enterprise = stage.of(stage.played.owned)
    async with stage.noted(step):
        owner = await stage.on(stage.phones.owner, stage.ago(60))
        used, _, taken_back, _ = [
            await invitations.invite(enterprise, Role.AGENT, actor=owner, now=stage.ago(days))
            for days in (60, 20, 10, 1)
        ]
        colleague = await stage.somebody("colleague", stage.ago(59))
        await invitations.accept(used.token, COLLEAGUE, actor=colleague, now=stage.ago(59))
        await invitations.revoke(enterprise, taken_back.id, actor=owner, now=stage.ago(9))


async def _by_papers(stage: Stage, one: Invented) -> UUID:
    """Claim with a licence and a letter of authority; asked again, the same claim goes on."""
    phone, at = stage.phones.claimant, stage.ago(2)
    claimant = await stage.on(phone, at)
    papers = Papers(one.credit_code, one.name, Role.AGENT, phone.name, phone.number)
    claimed = await claims.by_papers(papers, actor=claimant, vault=stage.vault, now=at)
    copy = demo_papers.licence(one, title="营业执照（副本）")
    letter = demo_papers.sheet("letter_of_authority", "授权委托书", one, on=stage.day(at))
    for which, paper in (("licence", copy), ("letter", letter)):
        with spooled(paper) as upload:
            await claim_papers.keep(
                claimed.binding_id, which, upload, actor=claimant, now=at, cabinet=stage.cabinet
            )
    return claimed.binding_id


async def claim(stage: Stage, step: str) -> None:
    """By papers: one waits for the staff, one for the holder whose enterprise it is, one failed."""
    asked, refused = stage.played.others[8:10]
    for one in (asked, stage.played.owned):
        await _by_papers(stage, one)
    binding = await _by_papers(stage, refused)
    async with stage.noted(step):
        await claim_reviews.reject(
            binding, reason="授权书上的公章不清楚，请重新拍照后再申请",
            actor=stage.people.by, now=stage.ago(1),
        )  # fmt: skip
