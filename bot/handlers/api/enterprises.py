"""My enterprises: listed, shown, described, their credit file; renewing and leaving."""

from datetime import date, datetime
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain import industries
from bot.domain.bindings import Role
from bot.domain.enterprises import STATUSES, Details, check_founded
from bot.domain.errors import BadInput, NotFound
from bot.domain.memberships import HOWS
from bot.domain.workdays import BEIJING
from bot.handlers import forms
from bot.handlers.members import UUID_TEXT, enterprise_id, member
from bot.handlers.surface import Contract
from bot.services import bindings, colleagues, credit_files, enterprises, memberships
from bot.services.colleagues import NotYetRenewable
from bot.services.credit_files import Place
from bot.services.drafts import Overtaken


class Membership(BaseModel):
    association: str = Field(description="协会")
    level: str = Field(description="会员级别")
    since: date = Field(description="第一天")
    until: date = Field(description="最后一天")
    how: str = Field(description="怎样取得的")


class Mine(BaseModel):
    id: UUID
    name: str = Field(description="企业名称")
    credit_code: str = Field(description="统一社会信用代码")
    role: Role = Field(description="我的身份：legal 法定代表人，agent 经办人")
    since: datetime = Field(description="绑定生效的时间")
    fresh_until: datetime = Field(description="在这之前不能导出和退款")
    expires_at: datetime = Field(description="绑定到期的时间")
    memberships: list[Membership] = Field(
        description="每个协会的会员资格：现在的；没有的为最近一次的，可能已终止或者还没有开始"
    )


class All(BaseModel):
    enterprises: list[Mine]


class Described(forms.Input):
    industry: str = Field("", max_length=5, description="行业代码，如 C13、K701")
    founded_on: date | None = None
    status: str = Field("", max_length=20, description=f"登记状态：{'、'.join(STATUSES)}")
    staff: int | None = Field(None, ge=0, le=9_999_999, description="上年末从业人员")
    revenue_fen: int | None = Field(None, ge=0, le=10**16, description="上年营业收入，分")
    assets_fen: int | None = Field(None, ge=0, le=10**16, description="上年末资产总额，分")
    address: str = Field("", max_length=300, description="住所")
    seen: str = Field(pattern=f"^(-|{UUID_TEXT})$", description="上次得到的 seen，原样送回")


class Registration(BaseModel):
    legal_representative: str
    industry: str
    industry_name: str
    founded_on: date | None
    status: str
    staff: int | None
    revenue_fen: int | None
    assets_fen: int | None
    address: str
    size: str | None = Field(description="大型、中型、小型、微型；算不出为 null")


class Whole(BaseModel):
    enterprise: Mine
    registration: Registration
    seen: str = Field(description="企业信息的版本，填写时原样送回")


class Line(BaseModel):
    at: datetime
    title: str
    text: str


class More(BaseModel):
    before: datetime
    key: str


class File(BaseModel):
    entries: list[Line] = Field(description="最新的在前")
    more: More | None = Field(description="更早的从这里开始，翻页时原样带上；没有了为 null")


class Page(forms.Input):
    chapter: str = Field("", max_length=20, description="只看一类，如 会员资格")
    before: datetime | None = Field(None, description="只看这个时间以前的，用于翻页")
    key: str = Field("", max_length=60, description="与 before 一起，取自上一页的 more")


class Renewed(BaseModel):
    expires_at: datetime


class Industry(BaseModel):
    code: str
    name: str


class Industries(BaseModel):
    industries: list[Industry]


LIST = Contract("我绑定的企业", returns=All)
SHOW = Contract("一家企业的信息", returns=Whole, refusals=(NotFound,))
DESCRIBE = Contract(
    "填写企业信息；没有给的项目保持原样，给空值的清空；协会登记的登记状态不能改。"
    "别人在 seen 之后改过的项目，不会被盖掉",
    body=Described,
    returns=Whole,
    refusals=(NotFound, Overtaken),
)
READ = Contract("信用档案", query=Page, returns=File, refusals=(NotFound,))
RENEW = Contract("绑定续期一年", returns=Renewed, refusals=(NotFound, NotYetRenewable))
LEAVE = Contract("退出：不再是这家企业的联系人", statuses=(204,), refusals=(NotFound,))
INDUSTRIES = Contract("行业代码（GB/T 4754-2017）", returns=Industries)


async def listed(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    mine = await bindings.bound(member(request), now=now)
    answer = All(enterprises=[await _mine(one, now=now) for one in mine])
    return web.json_response(text=answer.model_dump_json())


async def show(request: web.Request) -> web.Response:
    return await _whole(request)


async def describe(request: web.Request) -> web.Response:
    who, now = member(request), request.app[DEPS].clock()
    given = forms.body(request, Described)
    today = now.astimezone(BEIJING).date()
    if given.industry and given.industry not in industries.BELOW:
        raise BadInput("没有这个行业代码。", field="industry")
    if given.status and given.status not in STATUSES:
        raise BadInput("没有这种登记状态。", field="status")
    check_founded(given.founded_on, today=today)
    counted = (given.staff, given.revenue_fen, given.assets_fen)
    year = today.year - 1 if any(one is not None for one in counted) else None
    details = Details(**given.model_dump(exclude={"seen"}), figures_year=year)
    emptied = {name for name in given.model_fields_set if getattr(given, name) in ("", None)}
    await enterprises.declare(
        enterprise_id(request), details, emptied=emptied, seen=given.seen, actor=who, now=now
    )
    return await _whole(request)


async def read_file(request: web.Request) -> web.Response:
    wanted = forms.query(request, Page)
    if wanted.before is not None and wanted.before.tzinfo is None:
        raise BadInput("before 须带时区，例如 2026-03-02T09:30:00+08:00。", field="before")
    found = await credit_files.read(
        enterprise_id(request),
        actor=member(request),
        now=request.app[DEPS].clock(),
        chapter=wanted.chapter,
        before=Place(wanted.before, wanted.key) if wanted.before else None,
    )
    answer = File(
        entries=[Line(at=one.at, title=one.title, text=one.text) for one in found.entries],
        more=found.more and More(before=found.more.at, key=found.more.key),
    )
    return web.json_response(text=answer.model_dump_json())


async def renew(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    until = await colleagues.renew(enterprise_id(request), actor=member(request), now=now)
    return web.json_response(text=Renewed(expires_at=until).model_dump_json())


async def leave(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    await colleagues.leave(enterprise_id(request), actor=member(request), now=now)
    return web.Response(status=204)


async def list_industries(_request: web.Request) -> web.Response:
    found = [Industry(code=code, name=industries.name_of(code)) for code, _ in industries.choices()]
    return web.json_response(text=Industries(industries=found).model_dump_json())


async def _whole(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    mine = await bindings.require(member(request), enterprise_id(request), now=now)
    profile = await enterprises.look(mine.enterprise_id)
    known = profile.details
    values = known.values()
    del values["figures_year"]
    registration = Registration.model_validate(
        values | {"industry_name": industries.name_of(known.industry), "size": known.size}
    )
    answer = Whole(
        enterprise=await _mine(mine, now=now), registration=registration, seen=profile.seen
    )
    return web.json_response(text=answer.model_dump_json())


async def _mine(one: bindings.Bound, *, now: datetime) -> Mine:
    today = now.astimezone(BEIJING).date()
    found = await memberships.each(one.enterprise_id, on=today)
    return Mine(
        id=one.enterprise_id,
        name=one.name,
        credit_code=one.credit_code,
        role=one.role,
        since=one.since,
        fresh_until=one.fresh_until,
        expires_at=one.expires_at,
        memberships=[
            Membership(
                association=each.association,
                level=each.level,
                since=each.since,
                until=each.until,
                how=HOWS[each.how],
            )
            for each in found
        ],
    )
