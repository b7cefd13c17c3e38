"""How far an enterprise is on its way: which steps of the journey are behind it."""

from uuid import UUID

from bot.domain.commitments import State
from models import Commitment, SelfAssessment


async def done(enterprise_id: UUID) -> frozenset[str]:
    """The steps that need not be offered first any more, by the words of the members' home."""
    signed = Commitment.filter(
        enterprise_id=enterprise_id, state__in=(State.PUBLISHED, State.AWAITING_PAYMENT)
    )
    steps = {
        "信用承诺": await signed.exists(),
        "自评": await SelfAssessment.filter(enterprise_id=enterprise_id).exists(),
    }
    return frozenset(words for words, behind in steps.items() if behind)
