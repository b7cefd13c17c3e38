"""`certificates reports`: certificates that somebody takes for false: read, looked at, closed."""

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.context import current, fail, plain, plain_lines, save, told
from bot.deps import open_cabinet
from bot.domain.workdays import BEIJING
from bot.services import fake_reports

app = typer.Typer(help="公众举报的假证书。", no_args_is_help=True)

By = Annotated[str, typer.Option(help="经办人姓名")]
Why = Annotated[str, typer.Option(help="原因，写进审计记录")]


@app.command("list")
def reported(ctx: typer.Context) -> None:
    """还没处理的举报，最早的在前。"""
    rows = told(current(ctx), fake_reports.waiting())
    for row in rows:
        at = f"{row.created_at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        said = "  ".join(plain(one) for one in (row.number, row.place, row.url))
        typer.echo(f"{row.ticket}  {at}  {said}".rstrip())
        if row.covered.words:
            typer.echo(f"    （{plain(row.covered.words)}，没有展开；要看请用 reports words）")
        elif row.words:
            typer.echo(f"    {plain(row.words)}")
        if row.has_photo:
            about = f"：{plain(row.covered.picture)}" if row.covered.picture else ""
            typer.echo(f"    （有照片{about}）")
    typer.echo(f"共 {len(rows)} 件" if rows else "没有待处理的举报")


@app.command()
def words(ctx: typer.Context, ticket: str, by: By, reason: Why) -> None:
    """展开一件没有展开的举报；谁看的、为什么会记下来。"""
    context = current(ctx)
    now = context.clock()
    row = told(context, fake_reports.words_of(ticket, by=by, reason=reason, now=now))
    for title, text in (
        ("编号", plain(row.number)),
        ("地点", plain(row.place)),
        ("网址", plain(row.url)),
        ("说明", plain_lines(row.words)),
    ):
        if text:
            typer.echo(f"{title}：{text}")


@app.command()
def photo(
    ctx: typer.Context,
    ticket: str,
    to: Annotated[Path, typer.Option(help="存到")],
    by: By,
    reason: Why,
) -> None:
    """取出举报的照片；谁取的、为什么会记下来。"""
    context = current(ctx)

    async def work() -> bytes:
        async with open_cabinet(context.placed) as cabinet:
            if cabinet is None:
                fail("没有存放文件的地方：请设置 CREDIT_STATE_DIR")
            return await fake_reports.photo(
                ticket, by=by, reason=reason, cabinet=cabinet, now=context.clock()
            )

    save(to, told(context, work()))
    typer.echo(f"已存到 {to}")


@app.command()
def close(
    ctx: typer.Context,
    ticket: str,
    by: By,
    outcome: Annotated[str, typer.Option(help="处理结果")],
) -> None:
    """办结一件举报。"""
    context = current(ctx)
    told(context, fake_reports.close(ticket, by=by, outcome=outcome, now=context.clock()))
    typer.echo("已办结")
