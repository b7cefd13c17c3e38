"""Self-assessments of the demonstration: of each scheme one that is finished and one half-way."""

from datetime import datetime

from bot.domain.actors import Member
from bot.scoring.answers import read
from bot.services import self_assessments
from bot.services.demo_names import Invented
from bot.services.demo_stage import Stage

PUBLIC, RATING, SHANXI = "casme-public-credit", "sme-credit-rating", "shanxi-integrity"
FEW = 3


async def assess(stage: Stage, step: str) -> None:
    """The owner's first and second one differ, so that there is something to compare."""
    played, phones = stage.played, stage.phones
    owner = await stage.on(phones.owner, stage.ago(50))
    agent = await stage.on(phones.agent, stage.ago(30))
    lapsed = await stage.on(phones.lapsed, stage.ago(3))
    legal = await stage.legal(played.neighbour, stage.ago(5))
    async with stage.noted(step):
        await _finish(stage, played.owned, PUBLIC, owner, stage.ago(50), less=2)
        await _finish(stage, played.owned, PUBLIC, owner, stage.ago(9), less=4)
        await _finish(stage, played.in_shanxi, SHANXI, agent, stage.ago(30), less=3)
        # Today: in the first days of a year the accounts of the last one have only just ended.
        await _finish(stage, played.owned, RATING, owner, stage.now, less=3)
        await _answer(stage, played.in_shanxi, RATING, agent, stage.ago(4), most=FEW)
        await _answer(stage, played.lapsed, PUBLIC, lapsed, stage.ago(3), most=FEW)
        await _answer(stage, played.neighbour, SHANXI, legal, stage.ago(5), most=FEW)


async def _finish(
    stage: Stage, one: Invented, scheme: str, member: Member, at: datetime, *, less: int
) -> None:
    await _answer(stage, one, scheme, member, at, less=less)
    await self_assessments.finish(stage.of(one), scheme, actor=member, now=at)


async def _answer(  # noqa: PLR0913  # whose, about what, when and how
    stage: Stage,
    one: Invented,
    scheme: str,
    member: Member,
    at: datetime,
    *,
    less: int = FEW,
    most: int | None = None,
) -> None:
    """Answer what can be chosen and is not verified, all or only a few; every so many an answer is
    the second one, which is worth less. Of what is asked to have happened nothing has."""
    walk = await self_assessments.walk(stage.of(one), scheme, actor=member, now=at)
    answers: dict[str, dict[str, str]] = {}
    for item in walk.items.values():
        best_first = item.question.options[:2]
        worth_less = len(answers) % less == less - 1
        chosen = [{"v": best_first[-1 if worth_less else 0].value}] if best_first else []
        for parts in (*chosen, {"has": "no"}):
            if not item.closed and read(item.question, parts, walk.as_of).counts:
                answers.setdefault(item.question.id, parts)
    few = dict(list(answers.items())[:most])
    await self_assessments.answer(stage.of(one), scheme, few, seen=walk.seen, actor=member, now=at)
