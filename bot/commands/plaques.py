"""`plaques`: what enterprises ordered, where it goes, and that it is on its way."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from bot.commands.context import Context, current, fail, plain, save
from bot.deps import open_cabinet, open_vault
from bot.domain import remarks
from bot.domain.actors import Staff
from bot.domain.errors import BadInput, DomainError
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import plaques

app = typer.Typer(help="牌匾：查看登记、收件信息和制作稿，登记寄出。", no_args_is_help=True)
T = TypeVar("T")

Order = Annotated[str, typer.Argument(help="编号，从 list 的第一列复制")]
By = Annotated[str, typer.Option(help="经办人的姓名")]


@app.command("list")
def waiting(ctx: typer.Context) -> None:
    """列出要制作和寄出的牌匾，最早的在前；不显示收件信息。"""
    context = current(ctx)
    now = context.clock()
    rows = _run(context, lambda: plaques.listed(now=now))
    for row in rows:
        typer.echo(f"{row.id}  {row.ordered_at.astimezone(BEIJING):%Y-%m-%d}  {row.number}")
        typer.echo(f"    {row.name}{'' if row.ready else '（证书现在不能使用，先不要制作）'}")
    typer.echo(f"共 {len(rows)} 块" if rows else "没有要寄的牌匾")


@app.command()
def address(ctx: typer.Context, order: Order, by: By) -> None:
    """打开一个收件信息；谁打开的会记下来。"""
    context, staff = current(ctx), _staff(by)
    vault, now = open_vault(context.config), context.clock()
    found = _run(context, lambda: plaques.address_of(_id(order), actor=staff, vault=vault, now=now))
    typer.echo(f"{plain(found.person)}  {plain(found.phone)}\n{plain(found.place)}")


@app.command()
def artwork(
    ctx: typer.Context, order: Order, to: Annotated[Path, typer.Option(help="写到哪个文件")]
) -> None:
    """取出制作稿（PDF），交给制作单位。"""
    context = current(ctx)

    async def work() -> bytes:
        async with open_cabinet(context.placed) as cabinet:
            if cabinet is None:
                fail("没有存放文件的地方：请设置 CREDIT_STATE_DIR")
            return await plaques.artwork(_id(order), cabinet=cabinet, now=context.clock())

    save(to, _run(context, work))
    typer.echo(f"已写到 {to}")


@app.command()
def sent(
    ctx: typer.Context,
    order: Order,
    carrier: Annotated[str, typer.Option(help="快递公司")],
    parcel: Annotated[str, typer.Option(help="运单号")],
    by: By,
) -> None:
    """登记已经寄出，并通知企业。"""
    context, staff = current(ctx), _staff(by)
    now = context.clock()
    _run(context, lambda: plaques.sent(_id(order), carrier, parcel, actor=staff, now=now))
    typer.echo("已登记寄出")


def _staff(by: str) -> Staff:
    try:
        return Staff(remarks.name(by, what="经办人的姓名"))
    except BadInput as refusal:
        fail(str(refusal))


def _id(order: str) -> UUID:
    try:
        return UUID(order)
    except ValueError:
        fail("编号不对：请从 plaques list 的第一列复制")


def _run(context: Context, act: Callable[[], Awaitable[T]]) -> T:
    async def work() -> T:
        async with context.database():
            return await act()

    try:
        return run_async(work())
    except DomainError as refusal:
        fail(str(refusal))
