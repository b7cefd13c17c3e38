"""`commitments`: what is public, and taking one down by two people until the console exists."""

from typing import Annotated
from uuid import UUID

import typer

from bot.commands.context import Context, current, fail
from bot.domain.actors import Staff
from bot.domain.errors import DomainError
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import commitment_publishing, public_commitments
from bot.services.public_commitments import Line

app = typer.Typer(help="信用承诺：查看已公示的，撤下不该公示的。", no_args_is_help=True)


@app.command("list")
def listed(
    ctx: typer.Context,
    words: Annotated[str, typer.Argument(help="企业名称的一部分，或统一社会信用代码")] = "",
) -> None:
    """列出已公示的信用承诺，最新的在前，一次一页。"""
    lines, more = run_async(_listed(current(ctx), words))
    for line in lines:
        on = f"{line.published_at.astimezone(BEIJING):%Y-%m-%d}"
        typer.echo(f"{line.id}  {on}  {line.credit_code}  {line.name}")
    typer.echo("还有更多，请写得更具体" if more else f"共 {len(lines)} 份")


@app.command("take-down")
def take_down(
    ctx: typer.Context,
    commitment: Annotated[UUID, typer.Argument(help="编号，从 list 的第一列复制")],
    by: Annotated[str, typer.Option(help="经办人姓名")],
    second: Annotated[str, typer.Option(help="复核人姓名，不能是经办人本人")],
    reason: Annotated[str, typer.Option(help="原因，会告诉企业，也会公开")],
) -> None:
    """撤下一份信用承诺；它的证书同时失效，企业会收到通知。"""
    try:
        run_async(_take_down(current(ctx), commitment, Staff(by), second, reason))
    except DomainError as refusal:
        fail(str(refusal))
    typer.echo("已撤下，证书同时失效")


@app.command()
def release(
    ctx: typer.Context,
    commitment: Annotated[UUID, typer.Argument(help="被撤下的承诺的编号")],
    by: Annotated[str, typer.Option(help="经办人姓名")],
    reason: Annotated[str, typer.Option(help="核实了什么，记入审计")],
) -> None:
    """允许承诺被撤下的企业重新签署；企业会收到通知。"""
    context = current(ctx)

    async def act() -> None:
        async with context.database():
            await commitment_publishing.release(
                commitment, reason, actor=Staff(by), now=context.clock()
            )

    try:
        run_async(act())
    except DomainError as refusal:
        fail(str(refusal))
    typer.echo("已允许重新签署")


async def _listed(context: Context, words: str) -> tuple[tuple[Line, ...], bool]:
    async with context.database():
        found = await public_commitments.listed(words)
    return found.lines, bool(found.next)


async def _take_down(
    context: Context, commitment: UUID, by: Staff, second: str, reason: str
) -> None:
    async with context.database():
        await commitment_publishing.take_down(
            commitment, reason, actor=by, second=second, now=context.clock()
        )
