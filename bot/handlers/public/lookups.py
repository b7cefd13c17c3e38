"""Looking certificates up by what a person can type: a number, or an enterprise's credit code."""

from aiohttp import web

from bot.deps import DEPS
from bot.domain.certificates import CREDIT_CODE, typed_number
from bot.domain.register import chinese_day
from bot.domain.verification import Outcome
from bot.handlers import pages
from bot.handlers.limits import client_of, patiently
from bot.handlers.public.showing import TONES, clock_time, programme_of, sentence
from bot.handlers.public.verification import TYPED, page

LONGEST = 80


async def search(request: web.Request) -> web.StreamResponse:
    """Show the form, or what was found; a number that is not there takes as long as one that is."""
    typed = request.query.get("q", "")[:LONGEST].strip()
    if not typed:
        return pages.render(request, "public/search.html", typed="", code="", found=(), untold=0)
    TYPED.spend(client_of(request))
    deps, plain = request.app[DEPS], typed_number(typed)
    now = deps.clock()
    if not CREDIT_CODE.fullmatch(plain):
        return page(request, await patiently(lambda: deps.verifier.by_number(plain, now=now)))
    found = await patiently(lambda: deps.verifier.by_code(plain, now=now))
    rows = [
        {
            "tone": TONES[one.outcome],
            "word": one.word,
            "sentence": sentence(one),
            "entry": one.entry,
            "demonstration": one.demonstration,
            "programme": programme_of(one.entry.programme).name,
            "until": chinese_day(one.entry.last),
        }
        for one in found
        if one.entry is not None and one.outcome is not Outcome.UNKNOWN
    ]
    untold = not rows and deps.verifier.may_miss(now)
    return pages.render(
        request,
        "public/search.html",
        status=503 if untold else 200,
        typed=typed,
        code=plain,
        found=rows,
        untold=untold,
        as_of=clock_time(deps.verifier.register.as_of),
    )
