"""Daily quotas on order: beyond them a path answers 45009 until midnight in Beijing."""

from datetime import timedelta, timezone

from pydantic import BaseModel, ConfigDict, Field

from bot.sandbox.answers import Refused
from bot.sandbox.ledger import stamp
from bot.sandbox.world import World

BEIJING = timezone(timedelta(hours=8))
EXHAUSTED = 45009


class Quota(BaseModel):
    """How often `path` may be called on one day; None lifts the limit."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(min_length=1, max_length=200)
    daily: int | None = Field(ge=0)


def order(world: World, given: Quota) -> dict[str, int]:
    limits: dict[str, int] = world.ledger.recall("quotas") or {}
    limits.pop(given.path, None)
    if given.daily is not None:
        limits[given.path] = given.daily
    world.ledger.remember("quotas", limits)
    return limits


def check(world: World, path: str) -> None:
    limits = world.ledger.recall("quotas") or {}
    if path not in limits:
        return
    now = world.clock().astimezone(BEIJING)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    used = world.ledger.row(
        "SELECT count(*) AS calls FROM calls WHERE path = :path AND at >= :since"
        " AND errcode IS NOT :exhausted",
        {"path": path, "since": stamp(midnight), "exhausted": EXHAUSTED},
    )
    if used and used["calls"] >= limits[path]:
        raise Refused(EXHAUSTED, "reach max api daily quota limit")
