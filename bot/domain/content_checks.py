"""What people write and send to the staff is judged: places, WeChat's words, and verdicts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

LONGEST_PIECE = 2500  # signs that WeChat judges at once
UNANSWERED = timedelta(minutes=35)  # WeChat promises thirty
PICTURE_OPEN = timedelta(minutes=40)  # how long WeChat may fetch a picture
OTHER = 21000
REASONS = {
    10001: "广告", 20001: "时政", 20002: "色情", 20003: "辱骂", 20006: "违法犯罪",
    20008: "欺诈", 20012: "低俗", 20013: "侵权",
}  # fmt: skip


class Place(StrEnum):
    """Where the content is seen; a new one needs a line in SCENES and TITLES."""

    TICKET = "ticket"
    REPORT = "report"


# WeChat judges by scene: 1 profile, 2 comment, 3 forum, 4 social log.
SCENES = {Place.TICKET: 2, Place.REPORT: 2}
TITLES = {Place.TICKET: "留言", Place.REPORT: "举报"}


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


def contains(label: int | None) -> str:
    """WeChat's reason in a sentence about the content."""
    known = REASONS.get(label or OTHER)
    return f"微信判为含有{known}内容" if known else "微信判为不适合展示"


def understood(suggestion: object, label: object) -> Verdict:
    """Whatever is not one of WeChat's three words is for a person to look at."""
    try:
        said = Suggestion(str(suggestion))
    except ValueError:
        said = Suggestion.REVIEW
    reason = str(label)
    return Verdict(said, int(reason) if reason.isascii() and reason.isdigit() else OTHER)
