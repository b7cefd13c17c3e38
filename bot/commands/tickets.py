"""`tickets`: questions that people left in the chat, and closing them."""

from typing import Annotated
from uuid import UUID

import typer

from bot.clients.database import close_database, open_database
from bot.commands.context import Context, current, fail
from bot.domain.errors import NotFound
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import tickets

app = typer.Typer(help="公众号里的留言：查看，处理完以后关闭。", no_args_is_help=True)


@app.command("list")
def waiting(ctx: typer.Context) -> None:
    """列出还没处理的留言，最早的在前。"""
    rows = run_async(_waiting(current(ctx)))
    for row in rows:
        typer.echo(f"{row.id}  {row.created_at.astimezone(BEIJING):%Y-%m-%d %H:%M}  {row.openid}")
        typer.echo(f"    {' '.join(row.question.split())}")
    typer.echo(f"共 {len(rows)} 条" if rows else "没有待处理的留言")


@app.command()
def close(
    ctx: typer.Context,
    ticket: Annotated[str, typer.Argument(help="留言编号，从 list 的第一列复制")],
    by: Annotated[str, typer.Option(help="处理人的姓名")],
    remark: Annotated[str, typer.Option(help="怎样处理的")] = "",
) -> None:
    """关闭一条处理完的留言。"""
    try:
        run_async(_close(current(ctx), UUID(ticket), by, remark))
    except ValueError:
        fail("留言编号不对：请从 tickets list 的第一列复制")
    except NotFound as refusal:
        fail(str(refusal))
    typer.echo("已关闭")


async def _waiting(context: Context) -> list[tickets.OpenTicket]:
    database = await open_database(context.database_url, pool=2, application="credit-command")
    try:
        return await tickets.waiting()
    finally:
        await close_database(database)


async def _close(context: Context, ticket: UUID, by: str, remark: str) -> None:
    database = await open_database(context.database_url, pool=2, application="credit-command")
    try:
        await tickets.close(ticket, by=by, remark=remark, now=context.clock())
    finally:
        await close_database(database)
