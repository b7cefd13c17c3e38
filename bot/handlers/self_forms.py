"""The form of a self-assessment's page: fields named question.part, as the page kit draws them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from bot.scoring.answers import ROWS, YEARS, Parts
from bot.services.self_answers import Item, Walk

NUMBERED = re.compile(r"([0-9]{1,2})\.")


class Typed(BaseModel):
    """What a page of questions sends: its buttons, and fields that only the questions know."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    seen: int = Field(default=0, ge=0)
    do: str = Field(default="next", max_length=80)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The same shape as a filled form, so that the kit's fields can be used."""

    given: Mapping[str, str]
    errors: Mapping[str, str]
    asked: Mapping[str, object] = field(default_factory=dict)
    many: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parts_of(typed: Typed, items: Iterable[Item]) -> dict[str, dict[str, str]]:
    """The parts of each question of the page; what was left empty is there as empty."""
    fields = typed.model_extra or {}
    found: dict[str, dict[str, str]] = {}
    for item in items:
        prefix = f"{item.question.id}."
        parts = {
            name.removeprefix(prefix): str(text).strip()
            for name, text in fields.items()
            if name.startswith(prefix) and str(text).strip()
        }
        # A unit alone is no answer: one is always chosen.
        found[item.question.id] = {} if set(parts) == {"unit"} else parts
    return found


def sheet(items: Iterable[Item], typed: Mapping[str, Parts] | None = None) -> Sheet:
    """The items as they are saved; `typed` goes before that where it was not saved."""
    given: dict[str, str] = {}
    errors: dict[str, str] = {}
    for item in items:
        name = item.question.id
        parts = item.parts if typed is None else typed.get(name, {})
        given |= {f"{name}.{part}": text for part, text in parts.items()}
        if typed is None:
            errors |= {f"{name}.{part}": words for part, words in item.answer.faults.items()}
    return Sheet(given, errors)


def years(item: Item, walk: Walk) -> list[int]:
    """The columns of a statement: the last three years, and a fourth where something stands."""
    last = walk.as_of.year - 1
    oldest = last - YEARS + 1
    fourth = str(oldest) in item.settled or any(p.startswith(f"{oldest}.") for p in item.parts)
    return list(range(last, oldest - 1 if fourth else oldest, -1))


def rows(item: Item, more: str = "") -> int:
    """How many rows for happenings are shown: those filled in, and one more to fill in."""
    numbers = [int(found[1]) for part in item.parts if (found := NUMBERED.match(part))]
    wanted = max(numbers, default=0) + (2 if more == item.question.id else 1)
    return min(wanted, ROWS)
