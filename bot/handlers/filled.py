"""A form as a person filled it in: what was typed, what it means, and every fault at its field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from http import HTTPStatus
from types import NoneType
from typing import Generic, Literal, Self, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)

WHOLE = ""  # the place of a fault that belongs to no single field
MANY = (list, tuple, set, frozenset)


TICKED = "ticked"  # Annotated[int, TICKED]: a box beside a statement


@dataclass(frozen=True, slots=True)
class Asked:
    """What a field's declaration says to whoever fills it in."""

    title: str
    hint: str
    needed: bool
    many: bool
    chosen: bool
    """Picked from what is offered, not typed."""
    ticked: bool
    """A statement to agree to; its title says what the tick means: 同意公开."""
    longest: int | None


@dataclass(frozen=True, slots=True)
class Filled(Generic[M]):
    value: M | None
    """None as long as anything is wrong."""
    given: Mapping[str, str] = field(default_factory=dict)
    """As typed, so that a refused form is shown again with everything in it."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """By field, in the order of the model; one sentence each. WHOLE is the form's own."""
    many: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Every value of a field that may be chosen several times."""
    asked: Mapping[str, Asked] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """What a page that shows this form is answered with."""
        return int(HTTPStatus.UNPROCESSABLE_ENTITY if self.errors else HTTPStatus.OK)

    def refused(self, sentence: str, at: str | None = None) -> Self:
        """The same form with one more fault: what a service refused, at the field it named."""
        place = at if at in self.asked else WHOLE
        errors = {**self.errors, place or WHOLE: sentence}
        ordered = {name: errors[name] for name in (WHOLE, *self.asked) if name in errors}
        return replace(self, value=None, errors=ordered)


def blank(model: type[M], values: Mapping[str, str | Iterable[str]] | None = None) -> Filled[M]:
    """A form before it is sent, with what is known already."""
    known = dict(values or {})
    many = {name: tuple(value) for name, value in known.items() if not isinstance(value, str)}
    given = {name: value for name, value in known.items() if isinstance(value, str)}
    return Filled(None, given, {}, many, _asked(model))


def check(pairs: Iterable[tuple[str, str]], model: type[M]) -> Filled[M]:
    """Read what was typed; an empty answer is none, and blanks around one mean nothing."""
    asked = _asked(model)
    sent: dict[str, list[str]] = {}
    for name, text in pairs:
        sent.setdefault(name, []).append(text)
    errors: dict[str, str] = {}
    meant: dict[str, str | list[str]] = {}
    for name, texts in sent.items():
        words = [text.strip().replace("\r\n", "\n") for text in texts]
        if name not in asked:
            errors[WHOLE] = "本页已经更新，请核对后重新提交。"
        elif asked[name].many:
            meant[name] = [word for word in words if word]
        elif len(words) > 1:
            errors[name] = f"{asked[name].title}填写了两次，请只保留一次。"
        elif words[0]:
            meant[name] = words[0]
    value = None
    try:
        value = model.model_validate(meant)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            place = str(fault["loc"][0]) if fault["loc"] else WHOLE
            errors.setdefault(place, _sentence(fault, asked.get(place)))
    return Filled(
        None if errors else value,
        {name: texts[-1] for name, texts in sent.items() if name in asked},
        {place: errors[place] for place in (WHOLE, *asked) if place in errors},
        {name: tuple(texts) for name, texts in sent.items() if name in asked and asked[name].many},
        asked,
    )


def _asked(model: type[BaseModel]) -> dict[str, Asked]:
    return {
        info.alias or name: _about(info, info.title or name)
        for name, info in model.model_fields.items()
    }


def _about(info: FieldInfo, title: str) -> Asked:
    kinds = [kind for kind in get_args(info.annotation) if kind is not NoneType]
    kind = info.annotation
    if kind is not None and get_origin(kind) not in {Literal, *MANY} and len(kinds) == 1:
        kind = kinds[0]  # X | None asks for an X
    limits = [limit.max_length for limit in info.metadata if hasattr(limit, "max_length")]
    many = get_origin(kind) in MANY or kind in MANY
    return Asked(
        title=title,
        hint=info.description or "",
        needed=info.is_required(),
        many=many,
        chosen=many
        or kind is bool
        or get_origin(kind) is Literal
        or (isinstance(kind, type) and issubclass(kind, Enum)),
        ticked=TICKED in info.metadata,
        longest=limits[0] if limits and not many else None,
    )


# What is wrong and what to do, by pydantic's own names; {…} are its limits.
SENTENCES: Mapping[str, str] = {
    "string_too_short": "{title}至少要 {min_length} 个字。",
    "string_too_long": "{title}最多 {max_length} 个字，请删减。",
    "string_pattern_mismatch": "{title}的格式不对，请检查。",
    "too_long": "{title}最多选 {max_length} 项。",
    "too_short": "{title}至少选 {min_length} 项。",
    "greater_than_equal": "{title}不能小于 {ge}。",
    "less_than_equal": "{title}不能大于 {le}。",
    "greater_than": "{title}须大于 {gt}。",
    "less_than": "{title}须小于 {lt}。",
    "int_parsing": "{title}请填整数，例如 12。",
    "int_from_float": "{title}请填整数，例如 12。",
    "decimal_parsing": "{title}请填数字，例如 12.5。",
    "decimal_max_places": "{title}最多 {decimal_places} 位小数。",
    "date_from_datetime_parsing": "{title}请填日期，例如 2026-03-02。",
    "date_parsing": "{title}请填日期，例如 2026-03-02。",
    "enum": "{title}请从给出的选项中选择。",
    "literal_error": "{title}请从给出的选项中选择。",
    "bool_parsing": "{title}请从给出的选项中选择。",
}
OTHERWISE = "{title}的内容不对，请检查。"


def _sentence(fault: ErrorDetails, about: Asked | None) -> str:
    """Say it to a person, by the field's title; a rule of ours brings its own sentence."""
    context = fault.get("ctx", {})
    if fault["type"] in {"value_error", "assertion_error"}:
        return str(context["error"])
    if about is None:
        return "填写的内容有误，请检查后重新提交。"
    if fault["type"] == "missing":
        if about.ticked:
            return f"请先打勾，表示您{about.title}。"
        return f"请{'选择' if about.chosen else '填写'}{about.title}。"
    limits = {name: value for name, value in context.items() if name != "error"}
    return SENTENCES.get(fault["type"], OTHERWISE).format_map({**limits, "title": about.title})
