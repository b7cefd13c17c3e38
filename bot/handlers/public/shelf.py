"""What everybody may read about us: where things are, how we score, what it costs, who we are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aiohttp import web

from bot.deps import DEPS
from bot.domain.closing import STAYS
from bot.domain.consents import TEXTS
from bot.domain.dates import in_words
from bot.domain.workdays import BEIJING
from bot.handlers import pages
from bot.handlers.public import searches
from bot.handlers.seal_words import root_of_seal
from bot.scoring.canonical import plain
from bot.scoring.library import shipped_wording, versions
from bot.scoring.pack import Group, Pack
from bot.scoring.programme import Programme
from bot.scoring.readings import readings
from bot.services import downgrades, programmes, schemes
from bot.services.retention import WITHDRAWN

# What is somebody's own, and what is looked up rather than read.
NOT_FOR_ROBOTS = ("/h5/", "/api/", "/hooks/", "/v/", "/v?", "/certificates/report")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A group of indicators with its limits, how deep it lies, and the rule of each indicator."""

    group: Group
    depth: int
    limit: str
    rows: tuple[tuple[str, str], ...]


async def index(request: web.Request) -> web.Response:
    return pages.render(request, "public/index.html")


async def notices(request: web.Request) -> web.Response:
    searches.count(request)
    deps = request.app[DEPS]
    lowered = await downgrades.public(now=deps.clock(), production=deps.config.production)
    return pages.render(
        request,
        "public/notices.html",
        lowered=lowered,
        among_members=downgrades.told_among_members(),
    )


async def methods(request: web.Request) -> web.Response:
    packs = [await schemes.pack_on(scheme, today(request)) for scheme in versions()]
    found = [(pack.name, f"/public/methods/{pack.id}", f"第 {pack.version} 版") for pack in packs]
    return pages.render(request, "public/methods.html", methods=found)


async def method(request: web.Request) -> web.Response:
    """One scheme as a person would read it, and every place where we had to decide."""
    pack, since = await schemes.to_read(request.match_info["scheme"], today(request))
    score = pack.score
    return pages.render(
        request,
        "public/method.html",
        pack=pack,
        since=in_words(since) if since else "",
        total=f"从 {plain(score.base)} 分起，"
        f"限制在 {plain(score.at_least)} 到 {plain(score.at_most)} 分",
        chapters=list(_chapters(pack, None, 0)),
        bars=[(bar.name, _result(pack, bar.result), bar.veto) for bar in pack.bars],
        grades=[
            (grade.name, _range(grade.start, grade.below), grade.meaning) for grade in pack.grades
        ],
        readings=readings(pack),
    )


def today(request: web.Request) -> date:
    return request.app[DEPS].clock().astimezone(BEIJING).date()


async def prices(request: web.Request) -> web.Response:
    return pages.render(
        request,
        "public/prices.html",
        programmes=[(one, _refund(one)) for one in await programmes.all_in_force()],
        who={"member": "会员企业", "other": "非会员企业", "everyone": "企业"},
    )


async def about(request: web.Request) -> web.Response:
    return pages.render(request, "public/about.html", root=root_of_seal(request))


async def privacy(request: web.Request) -> web.Response:
    """What we do with personal data, for anybody, before they sign in."""
    return pages.render(
        request,
        "public/privacy.html",
        texts=list(TEXTS.values()),
        stays=STAYS,
        withdrawn=WITHDRAWN.days,
    )


async def robots(request: web.Request) -> web.Response:
    lines = ["User-agent: *", *(f"Disallow: {place}" for place in NOT_FOR_ROBOTS)]
    lines.append(f"Sitemap: {request.app[DEPS].config.public_url}/sitemap.xml")
    return web.Response(text="\n".join(lines) + "\n", content_type="text/plain")


def _chapters(pack: Pack, within: str | None, depth: int) -> Iterator[Chapter]:
    rules = dict(zip((i.id for i in pack.indicators), shipped_wording().rules(pack), strict=True))
    for group in (group for group in pack.groups if group.within == within):
        rows = tuple(
            (f"{one.code} {one.name}".strip(), rules[one.id][0])
            for one in pack.indicators
            if one.group == group.id
        )
        yield Chapter(group, depth, _limit(group), rows)
        yield from _chapters(pack, group.id, depth + 1)


def _limit(group: Group) -> str:
    if group.at_most is not None:
        return f"至多 {plain(group.at_most)} 分"
    return f"至多扣 {plain(-group.at_least)} 分" if group.at_least is not None else ""


def _result(pack: Pack, result: str) -> str:
    graded = {grade.name for grade in pack.grades if grade.graded}
    return f"最高 {result}" if result in graded else result


def _range(start: Decimal, below: Decimal | None) -> str:
    first = f"{plain(start)} 分以上"
    return f"{first}，未满 {plain(below)} 分" if below is not None else first


def _refund(programme: Programme) -> str:
    """How it is given back, in one sentence; "" where nothing is charged."""
    rule = programme.refund
    if rule is None or programme.fee.mode != "on" or rule.source is None:
        return ""
    return rule.source.plain
