"""`jobs`: the list of work that failed for good, and how to try it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from bot.commands.context import Context, current, fail, plain
from bot.domain.errors import NotFound
from bot.processes import run_async
from bot.services import outbox

BEIJING = ZoneInfo("Asia/Shanghai")

app = typer.Typer(help="后台任务：查看失败的任务，或重新执行。", no_args_is_help=True)


@app.command()
def dead(ctx: typer.Context) -> None:
    """列出多次失败、等人处理的任务。"""
    total, rows = run_async(_dead(current(ctx)))
    for row in rows:
        since = f"{row.created_at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        typer.echo(
            f"{row.id}  {row.kind}  试过 {row.attempts} 次  {since}  {plain(row.last_error)}"
        )
    shown = f"，以上是最早的 {len(rows)} 个" if total > len(rows) else ""
    typer.echo(f"共 {total} 个{shown}" if rows else "没有失败的任务")


@app.command()
def requeue(
    ctx: typer.Context, job: Annotated[str, typer.Argument(help="任务编号，或 all")]
) -> None:
    """重新执行一个（或全部）失败的任务。"""
    context = current(ctx)
    try:
        job_id = None if job == "all" else UUID(job)
        count = run_async(_requeue(context, job_id, context.clock()))
    except ValueError:
        fail("任务编号不对：请从 ./run jobs dead 的第一列复制")
    except NotFound as refusal:
        fail(str(refusal))
    typer.echo(f"已重新排队 {count} 个")


async def _dead(context: Context) -> tuple[int, list[outbox.DeadJob]]:
    async with _database(context):
        return await outbox.count_dead(), await outbox.dead()


async def _requeue(context: Context, job: UUID | None, now: datetime) -> int:
    """Requeue one job, or page by page all of them; one that somebody else took is no error."""
    async with _database(context):
        if job:
            await outbox.requeue(job, now=now)
            return 1
        count = 0
        while rows := await outbox.dead():
            for row in rows:
                with suppress(NotFound):
                    await outbox.requeue(row.id, now=now)
                    count += 1
        return count


@asynccontextmanager
async def _database(context: Context) -> AsyncIterator[None]:
    async with context.database():
        yield
