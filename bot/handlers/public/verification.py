"""The page behind the QR code, and its twin for machines: from memory, whatever is down."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import orjson
from aiohttp import web

from bot.deps import DEPS
from bot.domain.certificate_token import PARAMETER
from bot.domain.dates import in_words
from bot.domain.register import NEVER, chinese_day
from bot.domain.verification import Finding, Outcome, Why
from bot.handlers import pages, swift
from bot.handlers.limits import Limiter, client_of, patiently
from bot.handlers.public.showing import (
    NOT_SAID,
    TONES,
    Line,
    as_json,
    lines,
    meaning_of,
    programme_of,
    sentence,
    shown,
    successor,
)
from bot.handlers.public.skeletons import Skeletons

JSON_ENDING = ".json"
FORMS = Skeletons()
HTML, JSON = "text/html; charset=utf-8", "application/json"
# Typing a number is for people; whoever walks through numbers is soon refused.
TYPED = Limiter(per_client=30, in_all=1200, seconds=60)


async def show(request: web.Request) -> web.StreamResponse:
    """Answer a scanned code; without its token, only what the number alone may tell."""
    deps = request.app[DEPS]
    now = deps.clock()
    number = request.match_info["number"]
    as_data = number.endswith(JSON_ENDING) or wants_json(request)
    number = number.removesuffix(JSON_ENDING)
    token = token_of(request)
    if token is not None:
        found = deps.verifier.by_token(number, token, now=now)
    else:
        TYPED.spend(client_of(request))
        found = await patiently(lambda: deps.verifier.by_number(number, now=now))
    return data(request, found) if as_data else page(request, found)


def token_of(request: web.Request) -> str | None:
    """The token in the address; None without one, and "" where there are several."""
    _, found, rest = request.raw_path.partition(f"?{PARAMETER}=")
    if found and not ("&" in rest or "%" in rest or "+" in rest or "#" in rest):
        return rest  # as it is printed: nothing beside it, nothing to decode
    tokens = request.query.getall(PARAMETER, ())
    if not tokens:
        return None
    return tokens[0] if len(tokens) == 1 else ""


def wants_json(request: web.Request) -> bool:
    accepts = request.headers.get("Accept", "")
    return "json" in accepts and "text/html" not in accepts


def status_of(found: Finding) -> int:
    """Only what is our own fault is an error."""
    ours = found.outcome is Outcome.UNAVAILABLE and found.why is not Why.STATUS_OLD
    return 503 if ours else 200


def data(request: web.Request, found: Finding) -> web.StreamResponse:
    body = orjson.dumps(as_json(found))
    return swift.answer(request, body, kind=JSON, status=status_of(found), now=found.checked_at)


def page(request: web.Request, found: Finding) -> web.StreamResponse:
    """The same template for every finding, filled once for each form that it can take."""
    deps, entry = request.app[DEPS], found.entry
    care = "Cookie" in request.headers and request.cookies.get(pages.CARE_COOKIE) == "1"
    checked, following = lines(found), successor(found, deps.verifier)
    marks = tuple(line.mark for line in checked)
    level, programme = (entry.level, entry.programme) if entry else ("", "")
    reviewed = entry is not None and entry.reviewed != NEVER
    lapsed = entry is not None and bool(entry.member_until)
    key = (found.outcome, found.why, found.signature, found.full, marks, level, programme, reviewed,
           lapsed, following is not None, entry is not None and bool(entry.replaced_by),
           found.demonstration, care)  # fmt: skip

    def form(mark: Callable[[str], str]) -> str:
        return pages.fill(
            request,
            "public/certificate.html",
            found=found,
            tone=TONES[found.outcome],
            lines=[
                {"name": line.name, "mark": line.mark, "words": mark(f"words_{n}"),
                 "at": mark(f"at_{n}")}
                for n, line in zip("abc", checked, strict=False)
            ],
            programme=programme_of(programme) if programme else None,
            entry=entry,
            level_meaning=meaning_of(programme, level) if programme else "",
            not_said=NOT_SAID,
            reviewed=mark("reviewed") if reviewed else "",
            member_until=mark("member_until") if lapsed else "",
            successor=following,
            host=deps.config.public_url,
            **{name: mark(name) for name in _WRITTEN},
        )  # fmt: skip

    body = FORMS.get(key, form)(_written(request, found, checked, following))
    return swift.answer(request, body, kind=HTML, status=status_of(found), now=found.checked_at)


_WRITTEN = ("here", "sentence", "name", "code", "number", "first", "last", "checked_at",
            "replaced_by", "new_number", "new_name", "new_level", "new_word")  # fmt: skip


def _written(
    request: web.Request,
    found: Finding,
    checked: Sequence[Line],
    following: Mapping[str, str] | None,
) -> dict[str, str]:
    """What stands on the page and does not decide its form."""
    values = {
        "here": request.raw_path,
        "sentence": sentence(found),
        "checked_at": checked[0].at,
    }
    for name, line in zip("abc", checked, strict=False):
        values[f"words_{name}"], values[f"at_{name}"] = line.words, line.at
    if (entry := found.entry) is not None:
        values["name"], values["code"] = shown(entry, full=found.full)
        values["number"], values["replaced_by"] = entry.number, entry.replaced_by
        values["first"], values["last"] = chinese_day(entry.first), chinese_day(entry.last)
        values["reviewed"] = chinese_day(entry.reviewed)
        if entry.member_until:
            values["member_until"] = in_words(date.fromisoformat(entry.member_until))
    if following is not None:
        values |= {f"new_{name}": words for name, words in following.items()}
    return values
