"""Commitments of the demonstration in every state, signed and sealed as members do it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.actors import Member
from bot.domain.consents import Purpose
from bot.services import (
    certificate_signing,
    commitment_publishing,
    commitments,
    demo_papers,
    signing_links,
)
from bot.services.demo_names import Invented
from bot.services.demo_stage import Stage
from bot.services.demo_strokes import strokes
from bot.services.files import Kept


@dataclass(frozen=True, slots=True)
class Signer:
    """Who acts for an enterprise, and whose name stands below its commitment."""

    one: Invented
    actor: Member
    name: str
    at: datetime
    seal: Kept | None = None


async def commit(stage: Stage, step: str) -> None:
    """First the pictures of the seals, then everything that was done with them."""
    played, phones, earlier, later = stage.played, stage.phones, stage.ago(60), stage.ago(20)
    owner = await stage.on(phones.owner, earlier)
    agent = await stage.on(phones.agent, earlier)
    lapsed = await stage.on(phones.lapsed, stage.now)
    others = [
        Signer(one, await stage.legal(one, at := stage.ago(30)), one.legal_representative, at)
        for one in played.others[:8]
    ]
    given = [
        Signer(played.owned, owner, phones.owner.name, earlier),
        Signer(played.in_shanxi, agent, played.in_shanxi.legal_representative, earlier),
        Signer(played.lapsed, lapsed, phones.lapsed.name, stage.now),
        *others[:4],
    ]
    owned, in_shanxi, unpaid, *public = await asyncio.gather(
        *(_with_seal(stage, one) for one in given)
    )
    begun, given_up, on_paper, forwarded = others[4:]
    letter = demo_papers.sheet(
        "commitment_letter", "企业信用承诺书", on_paper.one, on=stage.day(on_paper.at),
        note=f"法定代表人（签字）：{on_paper.name}",
    )  # fmt: skip
    photo = await stage.keep(
        on_paper.one, "commitment_letter", letter, actor=on_paper.actor, at=on_paper.at
    )
    async with stage.noted(step):
        for signer in (owned, unpaid, *public, begun, given_up):
            await _sign(stage, signer)
        await _by_link(stage, in_shanxi)
        await _prepare(stage, forwarded)
        await signing_links.forward(stage.of(forwarded.one), actor=forwarded.actor, now=stage.now)
        await _prepare(stage, on_paper)
        await commitments.put_letter(
            stage.of(on_paper.one), photo.id, photo.sha256, actor=on_paper.actor, now=on_paper.at
        )
        await certificate_signing.sign_waiting(issuer=stage.issuer, now=stage.ago(30))
        await commitment_publishing.abandon(stage.of(given_up.one), actor=given_up.actor, now=later)
        await _end(stage, public[1:], later)


async def _end(stage: Stage, signers: list[Signer], at: datetime) -> None:
    """Of three that were public one is withdrawn, one taken down, one replaced by a new one."""
    withdrawn, taken_down, replaced = signers
    await commitment_publishing.withdraw(
        stage.of(withdrawn.one), "企业准备更名，先行撤回", actor=withdrawn.actor, now=at
    )
    found = await commitments.standing(stage.of(taken_down.one), actor=taken_down.actor, now=at)
    assert found.public is not None  # noqa: S101  # it was published before
    await commitment_publishing.take_down(
        found.public.id, "承诺书上的公章与企业名称不符",
        actor=stage.people.by, second=stage.people.second, now=at,
    )  # fmt: skip
    await _sign(stage, replace(replaced, at=at))


async def _with_seal(stage: Stage, signer: Signer) -> Signer:
    picture = demo_papers.seal(signer.one.name)
    kept = await stage.keep(signer.one, "seal", picture, actor=signer.actor, at=signer.at)
    return replace(signer, seal=kept)


async def _prepare(stage: Stage, signer: Signer) -> None:
    await stage.agree(Purpose.PUBLICATION, actor=signer.actor, at=signer.at)
    await commitments.prepare(stage.of(signer.one), signer.name, actor=signer.actor, now=signer.at)


async def _sign(stage: Stage, signer: Signer) -> None:
    """On the phone of the legal representative, then sealed where there is a seal."""
    await _prepare(stage, signer)
    await commitments.sign(
        stage.of(signer.one), strokes(signer.name), actor=signer.actor, vault=stage.vault,
        now=signer.at,
    )  # fmt: skip
    await _seal(stage, signer)


async def _by_link(stage: Stage, signer: Signer) -> None:
    """Prepared by the agent, signed by the legal representative with a link, sealed again here."""
    await _prepare(stage, signer)
    link = await signing_links.forward(stage.of(signer.one), actor=signer.actor, now=signer.at)
    await signing_links.sign(link.token, strokes(signer.name), vault=stage.vault, now=signer.at)
    await _seal(stage, signer)


async def _seal(stage: Stage, signer: Signer) -> None:
    if signer.seal is not None:
        await commitments.put_seal(
            stage.of(signer.one), signer.seal.id, signer.seal.sha256, actor=signer.actor,
            now=signer.at,
        )  # fmt: skip
