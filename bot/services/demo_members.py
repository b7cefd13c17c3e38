"""The people of the demonstration: everything that members did in the last weeks, scene by scene.

A scene keeps its papers first, each by itself, then acts in one transaction in which it is noted:
interrupted, it begins again and finds its papers kept.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from bot.services.demo_assessments import assess
from bot.services.demo_bindings import bind, claim, invite
from bot.services.demo_cases import apply
from bot.services.demo_commitments import commit
from bot.services.demo_stage import Stage

Scene = Callable[[Stage, str], Awaitable[None]]
SCENES: Mapping[str, Scene] = MappingProxyType(
    {
        "bindings": bind,
        "invitations": invite,
        "claims": claim,
        "commitments": commit,
        "self-assessments": assess,
        "cases": apply,
    }
)


async def play(stage: Stage) -> None:
    """Whatever was not played yet, in this order: each scene rests on those before it."""
    for step, scene in SCENES.items():
        if stage.steps.left(step):
            await scene(stage, step)
