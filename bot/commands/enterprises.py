"""`enterprises`: a new name, and the end of a membership."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from bot.commands.context import Context, current, fail
from bot.domain import credit_codes
from bot.domain.actors import Staff
from bot.domain.dates import in_words
from bot.domain.errors import DomainError
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import enterprises, memberships

app = typer.Typer(help="企业：查看，更名，终止会员资格。", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="统一社会信用代码")]
By = Annotated[str, typer.Option(help="处理人的姓名，记入审计")]


@app.command()
def show(ctx: typer.Context, code: Code) -> None:
    """显示一家企业和它的会员资格。"""

    async def look(context: Context) -> None:
        known = await enterprises.by_code(credit_codes.read(code).code)
        typer.echo(f"{known.credit_code}  {known.name}  {known.details.size or '规模未知'}")
        today = context.clock().astimezone(BEIJING).date()
        found = await memberships.each(known.id, on=today)
        for one in found:
            words = [str(one.id), one.level, f"至{in_words(one.until)}", _state(one, today)]
            typer.echo("  ".join([*words, one.association]))
        if not found:
            typer.echo("还不是会员")

    _run(ctx, look)


@app.command()
def rename(
    ctx: typer.Context,
    code: Code,
    name: Annotated[str, typer.Argument(help="营业执照上的新名称")],
    by: By,
    reason: Annotated[str, typer.Option(help="依据，如变更通知书的日期")] = "",
) -> None:
    """企业更名；原来的名称留在信用档案里。"""

    async def act(context: Context) -> None:
        known = await enterprises.by_code(credit_codes.read(code).code)
        now = context.clock()
        await enterprises.rename(known.id, name, actor=Staff(by), now=now, reason=reason)

    _run(ctx, act)
    typer.echo("已更名")


@app.command("end-membership")
def end_membership(
    ctx: typer.Context,
    membership: Annotated[str, typer.Argument(help="编号，从 show 的第二行复制")],
    by: By,
    reason: Annotated[str, typer.Option(help="原因，如退会申请")],
    on: Annotated[str | None, typer.Option(help="从哪一天起不再是会员，默认今天")] = None,
) -> None:
    """提前终止会员资格；已有的证书不受影响。"""

    async def act(context: Context) -> None:
        now = context.clock()
        day = date.fromisoformat(on) if on else now.astimezone(BEIJING).date()
        id_ = UUID(membership)
        await memberships.end(id_, on=day, reason=reason, actor=Staff(by), now=now)

    try:
        _run(ctx, act)
    except ValueError:
        fail("编号或日期不对：编号从 show 复制，日期写成 2026-03-01")
    typer.echo("已终止")


def _state(one: memberships.Membership, today: date) -> str:
    if one.since > today:
        return f"从{in_words(one.since)}开始"
    return "有效" if today <= one.until else "已终止"


def _run(ctx: typer.Context, act: Callable[[Context], Awaitable[None]]) -> None:
    context = current(ctx)

    async def doing() -> None:
        async with context.database():
            await act(context)

    try:
        run_async(doing())
    except DomainError as refusal:
        fail(str(refusal))
