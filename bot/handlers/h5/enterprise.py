"""The pages of one enterprise: what is known, changing it, the credit file, renewing."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from aiohttp import web
from pydantic import Field, field_validator

from bot.deps import DEPS
from bot.domain import industries
from bot.domain.dates import in_words
from bot.domain.enterprises import STATUSES, Details, check_founded, shown, wan
from bot.domain.errors import BadInput
from bot.domain.workdays import BEIJING
from bot.handlers import filled, forms, pages
from bot.handlers.h5.me import entries, membership_tags
from bot.handlers.members import UUID_TEXT, enterprise_id, member
from bot.services import bindings, colleagues, credit_files, enterprises
from bot.services.credit_files import Place
from bot.services.drafts import Overtaken

WAN_IN_FEN = 1_000_000
WORDS = {  # how the credit file calls what is typed here
    "industry": "行业",
    "founded_on": "成立日期",
    "status": "登记状态",
    "staff": "从业人员",
    "revenue": "营业收入",
    "assets": "资产总额",
    "address": "住所",
}
MONEY = {"max_digits": 14, "decimal_places": 6, "ge": 0}


# What the form shows: a field that comes back empty was emptied.
SHOWN = (
    "industry", "founded_on", "status", "staff", "revenue_fen", "assets_fen", "figures_year",
    "address",
)  # fmt: skip


class Form(forms.Input):
    """What a member tells of their enterprise; code and name are on the licence."""

    industry: str | None = Field(None, title="所属行业", description="按营业执照上的主要业务选择")
    founded_on: date | None = Field(None, title="成立日期")
    status: str | None = Field(None, title="登记状态")
    staff: int | None = Field(None, ge=0, le=9_999_999, title="从业人员", description="上年末人数")
    revenue: Decimal | None = Field(None, title="上年营业收入", **MONEY)  # type: ignore[call-overload]
    assets: Decimal | None = Field(None, title="上年末资产总额", **MONEY)  # type: ignore[call-overload]
    address: str | None = Field(None, max_length=300, title="住所")
    seen: str | None = Field(None, pattern=f"^(-|{UUID_TEXT})$", title="本页")

    @field_validator("industry")
    @classmethod
    def known(cls, given: str | None) -> str | None:
        if given is not None and given not in industries.BELOW:
            raise ValueError("请从列表里选择行业。")
        return given

    @field_validator("status")
    @classmethod
    def listed(cls, given: str | None) -> str | None:
        if given is not None and given not in STATUSES:
            raise ValueError("请从列表里选择登记状态。")
        return given

    def details(self, *, now: datetime) -> Details:
        """What is to be recorded; a day that has not come yet is no founding date."""
        today = now.astimezone(BEIJING).date()
        check_founded(self.founded_on, today=today)
        counted = (self.staff, self.revenue, self.assets)
        return Details(
            status=self.status or "",
            founded_on=self.founded_on,
            industry=self.industry or "",
            staff=self.staff,
            revenue_fen=_fen(self.revenue),
            assets_fen=_fen(self.assets),
            figures_year=today.year - 1 if any(one is not None for one in counted) else None,
            address=self.address or "",
        )


async def show(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    mine = await bindings.require(member(request), enterprise_id(request), now=now)
    known = await enterprises.look(mine.enterprise_id)
    here = f"/h5/e/{known.id}"
    return pages.render(
        request,
        "h5/enterprise.html",
        mine=mine,
        known=known,
        rows=shown(known.details),
        size=known.details.size,
        memberships=await membership_tags(known.id, now=now),
        until=in_words(mine.expires_at.astimezone(BEIJING).date()),
        links=[row for row in entries(request, known.id) if row[1] != here],
    )


async def edit(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    mine = await bindings.require(member(request), enterprise_id(request), now=now)
    known = await enterprises.look(mine.enterprise_id)
    return await _form(request, filled.blank(Form, _typed(known.details)), known)


async def save(request: web.Request) -> web.Response:
    who, now = member(request), request.app[DEPS].clock()
    mine = await bindings.require(who, enterprise_id(request), now=now)
    form = await forms.fill(request, Form)
    if form.value is not None:
        try:
            given = form.value.details(now=now)
            firm = await enterprises.vouched_status(mine.enterprise_id)
            emptied = {name for name in SHOWN if given.values()[name] in ("", None)} - (
                {"status"} if firm else set()
            )
            await enterprises.declare(
                mine.enterprise_id,
                given,
                emptied=emptied,
                seen=form.value.seen,
                actor=who,
                now=now,
            )
        except BadInput as refusal:
            form = form.refused(str(refusal), refusal.field)
        except Overtaken as refusal:
            form = await _told(mine.enterprise_id, form, refusal)
        else:
            return pages.see_other(request, f"/h5/e/{mine.enterprise_id}", said="已保存")
    return await _form(request, form, await enterprises.look(mine.enterprise_id))


async def _told(
    enterprise: UUID, form: filled.Filled[Form], overtaken: Overtaken
) -> filled.Filled[Form]:
    """What somebody else put there meanwhile; what was typed stays, and goes with the next tap."""
    known = shown((await enterprises.look(enterprise)).details)
    who = "您在另一台设备上" if overtaken.mine else "您的同事"
    for name in overtaken.names:
        field = name.removesuffix("_fen")
        now_so = known.get(WORDS.get(field, ""), "空")
        form = form.refused(f"{who}刚改成“{now_so}”。要用您填的，请再点一次保存。", field)
    return form


async def _form(
    request: web.Request, form: filled.Filled[Form], known: enterprises.Profile
) -> web.Response:
    return pages.render(
        request,
        "h5/enterprise_details.html",
        status=form.status,
        form=form,
        known=known,
        industries=industries.choices(),
        statuses=[(word, word) for word in STATUSES],
        firm=await enterprises.vouched_status(known.id),
    )


class Page(forms.Input):
    chapter: str = Field("", max_length=20)
    before: datetime | None = None
    key: str = Field("", max_length=60)


async def read_file(request: web.Request) -> web.Response:
    """Everything that was ever recorded, the newest first; a chapter at a time if wanted."""
    now = request.app[DEPS].clock()
    mine = await bindings.require(member(request), enterprise_id(request), now=now)
    wanted = forms.read_query(request, Page)
    found = await credit_files.read(
        mine.enterprise_id,
        actor=member(request),
        now=now,
        chapter=wanted.chapter,
        before=Place(wanted.before, wanted.key) if wanted.before and wanted.before.tzinfo else None,
    )
    events = [
        {
            "when": one.at.astimezone(BEIJING).date().isoformat(),
            "title": one.title,
            "text": one.text,
            "href": one.path,
            "kind": one.kind,
            "file": one.file,
            "pages": one.pages,
        }
        for one in found.entries
    ]
    more = (
        {"chapter": wanted.chapter, "before": found.more.at.isoformat(), "key": found.more.key}
        if found.more
        else None
    )
    tabs = [("全部", "?", not wanted.chapter)] + [
        (name, f"?chapter={name}", name == wanted.chapter) for name in credit_files.CHAPTERS
    ]
    return pages.render(
        request,
        "h5/file.html",
        mine=mine,
        events=events,
        tabs=tabs,
        more=more,
        memberships=await membership_tags(mine.enterprise_id, now=now),
    )


async def renew(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    until = await colleagues.renew(enterprise_id(request), actor=member(request), now=now)
    day = in_words(until.astimezone(BEIJING).date())
    return pages.see_other(request, "/h5/me", said=f"已续期，有效至{day}")


def _typed(details: Details) -> dict[str, str]:
    """What is known, as somebody would type it."""
    known = {
        "industry": details.industry,
        "founded_on": details.founded_on.isoformat() if details.founded_on else "",
        "status": details.status,
        "staff": "" if details.staff is None else str(details.staff),
        "revenue": wan(details.revenue_fen).replace(",", ""),
        "assets": wan(details.assets_fen).replace(",", ""),
        "address": details.address,
    }
    return {name: value for name, value in known.items() if value}


def _fen(wan_given: Decimal | None) -> int | None:
    return None if wan_given is None else int(wan_given * WAN_IN_FEN)
