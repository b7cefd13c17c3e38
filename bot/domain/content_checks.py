"""What others may see of what a person wrote or uploaded: places, WeChat's words, and verdicts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

LONGEST_PIECE = 2500  # signs that WeChat judges at once
UNANSWERED = timedelta(minutes=35)  # WeChat promises thirty
PICTURE_OPEN = timedelta(minutes=40)  # how long WeChat may fetch a picture
REASONS = {
    10001: "广告", 20001: "时政", 20002: "色情", 20003: "辱骂", 20006: "违法犯罪",
    20008: "欺诈", 20012: "低俗", 20013: "版权", 21000: "其他",
}  # fmt: skip


class Place(StrEnum):
    """Where the content would be seen; a new one needs a line in SCENES and TITLES."""

    INTRODUCTION = "introduction"
    REPORT = "report"
    INVITATION = "invitation"
    STATEMENT = "statement"


# WeChat judges by scene: 1 profile, 2 comment, 3 forum, 4 social log.
SCENES = {Place.INTRODUCTION: 1, Place.REPORT: 2, Place.INVITATION: 4, Place.STATEMENT: 2}
TITLES = {
    Place.INTRODUCTION: "企业简介",
    Place.REPORT: "举报内容",
    Place.INVITATION: "邀请附言",
    Place.STATEMENT: "情况说明",
}


class Suggestion(StrEnum):
    """WeChat's own words; what it says beside these is nothing that we can rely on."""

    PASS = "pass"  # noqa: S105  # no password
    REVIEW = "review"
    RISKY = "risky"


@dataclass(frozen=True, slots=True)
class Verdict:
    suggestion: Suggestion
    label: int


_GRAVITY = (Suggestion.PASS, Suggestion.REVIEW, Suggestion.RISKY)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Of a text that was judged in pieces; nothing at all is nothing to worry about."""
    clean = Verdict(Suggestion.PASS, 100)
    return max(verdicts, key=lambda one: _GRAVITY.index(one.suggestion), default=clean)


def pieces(text: str) -> list[str]:
    """A long text in parts that overlap, so that no word is cut in two unseen."""
    step = LONGEST_PIECE - 50
    return [text[at : at + LONGEST_PIECE] for at in range(0, max(len(text) - 50, 1), step)]


def understood(suggestion: object, label: object) -> Verdict:
    """Whatever is not one of WeChat's three words is for a person to look at."""
    try:
        said = Suggestion(str(suggestion))
    except ValueError:
        said = Suggestion.REVIEW
    reason = str(label)
    return Verdict(said, int(reason) if reason.isascii() and reason.isdigit() else 21000)
