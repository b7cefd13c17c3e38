"""`checks`: what people wrote or sent to the staff and WeChat could not judge, decided by staff."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import typer

from bot.commands.context import Context, current, fail, plain
from bot.domain.errors import DomainError
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import content_checks, fake_reports

app = typer.Typer(help="等人审核的文字和图片：查看，通过或不通过。", no_args_is_help=True)

Check = Annotated[str, typer.Argument(help="编号，从 list 的第一列复制")]
By = Annotated[str, typer.Option(help="审核人的姓名")]
Reason = Annotated[str, typer.Option(help="理由；不通过时必须写")]


@app.command("list")
def waiting(ctx: typer.Context) -> None:
    """列出等人审核的内容：微信认为可疑的在前，再是它判不了的，各从最早的起。

    可疑的，通过以后才在留言和举报里展开；不通过的，以后也不展开。
    """
    total, rows, numbers = run_async(_waiting(current(ctx)))
    for row in rows:
        typer.echo(f"{row.id}  {row.created_at.astimezone(BEIJING):%Y-%m-%d %H:%M}  {row.place}")
        typer.echo(f"    {row.why}")
        if row.file_id:
            number = numbers.get(row.subject, "")
            typer.echo(f"    照片：用 certificates reports photo {number} 取出来看")
        else:
            typer.echo(f"    {plain(row.words)}")
    shown = f"，以上是前 {len(rows)} 项" if total > len(rows) else ""
    typer.echo(f"共 {total} 项{shown}" if rows else "没有等人审核的内容")


@app.command("pass")
def allow(ctx: typer.Context, check: Check, by: By, reason: Reason = "") -> None:
    """通过一项。"""
    _decide(current(ctx), check, passes=True, by=by, reason=reason)
    typer.echo("已通过")


@app.command()
def reject(ctx: typer.Context, check: Check, by: By, reason: Reason) -> None:
    """不通过一项。"""
    if not reason.strip():
        fail("不通过时请写明理由")
    _decide(current(ctx), check, passes=False, by=by, reason=reason)
    typer.echo("已标为不通过")


def _decide(context: Context, check: str, *, passes: bool, by: str, reason: str) -> None:
    if not by.strip():
        fail("请写明审核人的姓名")

    async def work() -> None:
        async with context.database():
            number = UUID(check)
            now = context.clock()
            await content_checks.decide(number, passes=passes, by=by, reason=reason, now=now)

    try:
        run_async(work())
    except ValueError:
        fail("编号不对：请从 checks list 的第一列复制")
    except DomainError as refusal:
        fail(str(refusal))


async def _waiting(
    context: Context,
) -> tuple[int, list[content_checks.Waiting], Mapping[UUID, str]]:
    async with context.database():
        rows = await content_checks.waiting()
        numbers = await fake_reports.numbers({row.subject for row in rows if row.file_id})
        return await content_checks.how_many_wait(), rows, numbers
