"""`cases`: the desk that takes applications in, until the console does it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from bot.clients.database import close_database, open_database
from bot.commands import leaves
from bot.commands.context import Context, current, fail, plain
from bot.domain.actors import Staff
from bot.domain.case_papers import FINDINGS
from bot.domain.cases import State
from bot.domain.errors import DomainError
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import case_intake, leafing
from bot.services.case_views import Case, Summary

T = TypeVar("T")

app = typer.Typer(help="申报：受理、退回补正、不予受理。", no_args_is_help=True)

Which = Annotated[str, typer.Argument(help="申报编号（SB…），或 list 第一列的 id")]
By = Annotated[str, typer.Option(help="处理人的姓名，记入审计")]


@app.command("list")
def listed(
    ctx: typer.Context,
    state: Annotated[list[State] | None, typer.Option(help="只列出这些状态，默认待受理")] = None,
) -> None:
    """列出等待受理的申报，期限近的在前。"""
    states = state or [State.SUBMITTED]
    rows = _run(ctx, lambda _context: case_intake.waiting(states))
    for row in rows:
        due = f"{row.due_on} 前" if row.due_on else "没有期限"
        typer.echo(f"{row.id}  {row.number or '还没有编号'}  {row.state.label}  {due}")
        typer.echo(f"    {row.programme.name}  {row.credit_code}  {row.name}")
    typer.echo(f"共 {len(rows)} 件" if rows else "没有这样的申报")


@app.command()
def show(ctx: typer.Context, case: Which) -> None:
    """列出一件申报的材料和办理经过。"""

    async def look(context: Context) -> tuple[Case, frozenset[UUID]]:
        row = await case_intake.find(case)
        others = await case_intake.of_others(row.id, actor=Staff("cases show"))
        return await case_intake.show(row.id, now=context.clock()), others

    found, others = _run(ctx, look)
    head = found.head
    typer.echo(f"{head.number or '还没有编号'}  {head.programme.name}  {head.state.label}")
    typer.echo(f"{head.credit_code}  {head.name}")
    for one in found.documents:
        typer.echo(f"  {one.rule.id}  {one.rule.name}  {one.state.label}  {one.reason}".rstrip())
        for paper in one.papers:
            typer.echo(f"      {paper.file_id}  {plain(paper.name)}  {paper.pages} 页")
            for code in paper.findings:
                typer.echo(f"        {FINDINGS[code]}")
            if paper.file_id in others:
                typer.echo("        另一家企业也交过同一个文件，请核对。")
    for line in found.trail:
        at = f"{line.at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        typer.echo(f"  {at}  {line.by}  {line.action.label}  {plain(line.reason)}".rstrip())


@app.command()
def papers(
    ctx: typer.Context,
    case: Which,
    folder: Annotated[Path, typer.Argument(help="放到哪个文件夹")],
    by: By,
    why: Annotated[str, typer.Option(help="为什么查看，企业会看到")],
) -> None:
    """把一件申报的材料逐页存成图片；谁看过、为什么会记下来，企业查得到。"""

    async def act(context: Context) -> None:
        found = await case_intake.find(case)
        papers = await leafing.of_case(found.id, now=context.clock())
        await leaves.put(papers, folder, by=by, why=why, context=context)

    _run(ctx, act)


@app.command()
def accept(ctx: typer.Context, case: Which, by: By) -> None:
    """受理：材料齐全，转去缴费或核实。"""

    async def act(context: Context) -> Summary:
        found = await case_intake.find(case)
        return await case_intake.accept(found.id, actor=Staff(by), now=context.clock())

    _done(_run(ctx, act))


@app.command("return")
def return_(
    ctx: typer.Context,
    case: Which,
    by: By,
    reason: Annotated[
        list[str], typer.Option(help="材料=原因，可以写多次，如 business_licence=照片看不清")
    ],
) -> None:
    """退回补正：每项材料各写原因，企业会看到。"""
    reasons = dict(_pair(one) for one in reason)

    async def act(context: Context) -> Summary:
        found = await case_intake.find(case)
        return await case_intake.return_(found.id, reasons, actor=Staff(by), now=context.clock())

    _done(_run(ctx, act))


@app.command()
def reject(
    ctx: typer.Context,
    case: Which,
    by: By,
    reason: Annotated[str, typer.Option(help="原因，企业会看到")],
) -> None:
    """不予受理。"""

    async def act(context: Context) -> Summary:
        found = await case_intake.find(case)
        return await case_intake.reject(found.id, reason, actor=Staff(by), now=context.clock())

    _done(_run(ctx, act))


def _pair(text: str) -> tuple[str, str]:
    material, sign, reason = text.partition("=")
    if not sign:
        fail("原因请写成 材料=原因，例如 business_licence=照片看不清")
    return material.strip(), reason.strip()


def _done(row: Summary) -> None:
    due = f"，{row.due_on} 前" if row.due_on else ""
    typer.echo(f"{row.number}  {row.state.label}{due}，已告诉企业")


def _run(ctx: typer.Context, act: Callable[[Context], Awaitable[T]]) -> T:
    """Do it with the database open; a refusal is one sentence and a code."""
    context = current(ctx)

    async def doing() -> T:
        database = await open_database(context.database_url, pool=2, application="credit-command")
        try:
            return await act(context)
        finally:
            await close_database(database)

    try:
        return run_async(doing())
    except DomainError as refusal:
        fail(str(refusal))
