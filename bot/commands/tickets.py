"""`tickets`: questions that people left in the chat: answering them, calling back, closing them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from bot.commands.context import Context, current, fail, plain, plain_lines
from bot.deps import open_accounts, open_vault
from bot.domain import remarks
from bot.domain.actors import Staff
from bot.domain.errors import BadInput, DomainError
from bot.domain.telling import Channel
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import sending, tickets

app = typer.Typer(help="公众号里的留言：查看、答复、回电、关闭。", no_args_is_help=True)
T = TypeVar("T")

Ticket = Annotated[str, typer.Argument(help="留言编号，从 list 的第一列复制")]
By = Annotated[str, typer.Option(help="处理人的姓名")]
UNREACHABLE = (
    "现在送不到：对方超过两天没有来过消息，也没有可用的模板消息或订阅授权。留言没有关闭；"
    "留了手机号的，请用 tickets phone 打开号码回电，再用 tickets close 关闭"
)
SAID = {Channel.CUSTOM: "对方会直接收到", Channel.TEMPLATE: "对方会收到通知，发“答复”就能看到"}


@app.command("list")
def waiting(ctx: typer.Context) -> None:
    """列出还没处理的留言，最早的在前；手机号只显示一部分。"""
    context = current(ctx)
    rows = _run(context, tickets.waiting)
    for row in rows:
        typer.echo(f"{row.id}  {row.created_at.astimezone(BEIJING):%Y-%m-%d %H:%M}  {row.openid}")
        covered = f"（{plain(row.covered)}，没有展开；要看请用 tickets words）"
        typer.echo(f"    {covered if row.covered else plain(row.question)}")
    typer.echo(f"共 {len(rows)} 条" if rows else "没有待处理的留言")
    for lost in _run(context, lambda: tickets.undelivered(now=context.clock())):
        typer.echo(f"答复没有送到：{lost}")


@app.command()
def reply(
    ctx: typer.Context,
    ticket: Ticket,
    text: Annotated[str, typer.Option(help="答复，对方会原样看到；请用“您”")],
    by: By,
) -> None:
    """答复一条留言并关闭它；送不到的会说明，留言不关闭。"""
    context, staff = current(ctx), _staff(by)

    async def work() -> Channel | None:
        async with open_accounts(context.config, context.clock) as accounts:
            person, now = await tickets.asker(_id(ticket)), context.clock()
            way = await sending.way_to(person, tickets.ANSWERED, accounts=accounts, now=now)
            if way is not None:
                await tickets.reply(_id(ticket), text, actor=staff, now=now)
            return way

    way = _run(context, work)
    if way is None:
        fail(UNREACHABLE)
    typer.echo(f"已答复并关闭：{SAID.get(way, SAID[Channel.TEMPLATE])}")


@app.command()
def words(
    ctx: typer.Context,
    ticket: Ticket,
    by: By,
    reason: Annotated[str, typer.Option(help="为什么要看，写进审计记录")],
) -> None:
    """展开一条没有展开的留言；谁看的、为什么会记下来。"""
    context, staff = current(ctx), _staff(by)
    now = context.clock()
    said = _run(context, lambda: tickets.words_of(_id(ticket), actor=staff, reason=reason, now=now))
    typer.echo(plain_lines(said))


@app.command()
def phone(ctx: typer.Context, ticket: Ticket, by: By) -> None:
    """打开一条留言的手机号；谁打开的会记下来。"""
    context, staff = current(ctx), _staff(by)
    vault, now = open_vault(context.config), context.clock()
    found = _run(context, lambda: tickets.phone_of(_id(ticket), actor=staff, vault=vault, now=now))
    typer.echo(found)


@app.command()
def close(
    ctx: typer.Context,
    ticket: Ticket,
    by: By,
    remark: Annotated[str, typer.Option(help="怎样处理的")] = "",
) -> None:
    """关闭一条处理完的留言，不发消息。"""
    context, staff = current(ctx), _staff(by)
    now = context.clock()
    _run(context, lambda: tickets.close(_id(ticket), actor=staff, remark=remark, now=now))
    typer.echo("已关闭")


def _staff(by: str) -> Staff:
    try:
        return Staff(remarks.name(by, what="处理人的姓名"))
    except BadInput as refusal:
        fail(str(refusal))


def _id(ticket: str) -> UUID:
    try:
        return UUID(ticket)
    except ValueError:
        fail("留言编号不对：请从 tickets list 的第一列复制")


def _run(context: Context, act: Callable[[], Awaitable[T]]) -> T:
    async def work() -> T:
        async with context.database():
            return await act()

    try:
        return run_async(work())
    except DomainError as refusal:
        fail(str(refusal))
