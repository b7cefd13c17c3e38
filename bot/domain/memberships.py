"""Memberships: what a lapse blocks, and nothing more (reading X35)."""

from enum import StrEnum


class Act(StrEnum):
    """What an enterprise may want of a programme."""

    APPLY = "apply"  # for the first time, for a higher level, or again
    ANNUAL_REVIEW = "annual_review"
    REPAIR = "repair"
    KEEP = "keep"  # what was issued stays issued, and is shown


NEEDS_MEMBERSHIP = frozenset({Act.APPLY, Act.ANNUAL_REVIEW})


def blocked(act: Act, *, member: bool, bundled: bool) -> bool:
    """Whether the lapse stops it; `bundled`: the fee for applying brings a membership with it."""
    if member or act not in NEEDS_MEMBERSHIP:
        return False
    return not (bundled and act is Act.APPLY)


HOWS = {"roster": "会员名册", "bundled": "缴费取得", "staff": "协会登记"}
LEVELS = ("会员", "理事会员")
