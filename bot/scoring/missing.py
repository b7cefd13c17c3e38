"""What is not known yet about an enterprise, and what would show it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.scoring.engine import Compiled, compiled
from bot.scoring.pack import Part
from bot.scoring.result import Result
from bot.scoring.rules import Moment


@dataclass(frozen=True, slots=True)
class Gap:
    """A part or a bar without an answer; `words` is the paper to hand in, or the reason why."""

    id: str
    name: str
    template: str  # the line of the texts file that tells it
    words: str


def missing(result: Result, why: Mapping[str, str]) -> Iterator[Gap]:
    """Every part without points and every bar that nobody has looked into, in the pack's order."""
    if result.trace is None:
        return
    functions = compiled(result.pack)
    moment = functions.moment(result.facts, result.as_of)
    for (_, part), units in zip(functions.flat, result.trace, strict=True):
        if units is None and part.rule != "cite":
            yield _gap(functions, result, part, moment, why)
    for bar in result.unchecked:
        evidence = result.pack.facts[bar.fact].evidence
        yield Gap(bar.id, bar.name, "unchecked", evidence)


def _gap(
    functions: Compiled, result: Result, part: Part, moment: Moment, why: Mapping[str, str]
) -> Gap:
    if part.fact is None:
        return Gap(part.id, part.name, "missing_why", functions.why_unknown(part, moment))
    spec, expert = result.pack.facts[part.fact], result.pack.expert
    if spec.type == "mark" and expert is not None:
        needed = expert.self_marks if result.own else expert.marks
        return Gap(part.id, part.name, "missing_why", why["marks"].format(needed=needed))
    if part.fact in result.facts.usable:
        expired = why["expired"].format(evidence=spec.evidence)
        return Gap(part.id, part.name, "missing_why", expired)
    if spec.type == "records" and not spec.adverse:  # nobody must have a prize
        return Gap(part.id, spec.name, "missing_if", spec.evidence)
    return Gap(part.id, part.name, "missing", spec.evidence)
