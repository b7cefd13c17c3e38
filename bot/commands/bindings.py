"""`bindings`: who acts for which enterprise: claims to decide, phones that were lost."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from bot.commands import leaves
from bot.commands.context import Context, current, fail, plain
from bot.deps import open_vault
from bot.domain import credit_codes, phones
from bot.domain.actors import Staff
from bot.domain.bindings import Role
from bot.domain.errors import DomainError
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import binding_steps, claim_reviews, colleagues, enterprises, leafing

T = TypeVar("T")

app = typer.Typer(help="企业绑定：审核申请，暂停和解除。", no_args_is_help=True)

Which = Annotated[str, typer.Argument(help="编号，从 list 或 of 的第一列复制")]
By = Annotated[str, typer.Option(help="处理人的姓名，记入审计")]
Reason = Annotated[str, typer.Option(help="原因，申请人会看到")]


@app.command("list")
def waiting(
    ctx: typer.Context,
    *,
    phone: Annotated[
        bool, typer.Option("--phone", help="显示完整的手机号，以便联系；须写明 --by")
    ] = False,
    by: Annotated[str, typer.Option(help="谁看手机号，记入审计")] = "",
) -> None:
    """列出等待审核的申请，最早的在前；谁看过完整的手机号会记下来。"""
    if phone and not by.strip():
        fail("看完整的手机号要写明是谁：加上 --by 姓名")

    async def look(context: Context) -> tuple[Sequence[claim_reviews.Waiting], dict[UUID, str]]:
        rows = await claim_reviews.waiting(vault=open_vault(context.config))
        if not phone:
            return rows, {}
        now = context.clock()
        return rows, await claim_reviews.phones_of(rows, actor=Staff(by), now=now)

    rows, clear = _run(ctx, look)
    for row in rows:
        number = clear.get(row.binding_id) or (row.phone and phones.masked(row.phone))
        typer.echo(f"{row.binding_id}  {_when(row.requested_at)}  {row.state.label}")
        typer.echo(f"    {row.credit_code}  {row.name}")
        if row.name_given and row.name_given != row.name:
            typer.echo(f"    申请人填写的名称：{row.name_given}")
        typer.echo(f"    {plain(row.person) or '没有留下姓名'}（{row.role.label}）{number}")
        papers = "、".join(str(file) for file in row.papers) or "还没有上传"
        typer.echo(f"    证明材料：{papers}；现有联系人 {row.holders} 位")
    typer.echo(f"共 {len(rows)} 条" if rows else "没有等待审核的申请")


@app.command()
def of(ctx: typer.Context, code: Annotated[str, typer.Argument(help="统一社会信用代码")]) -> None:
    """列出一家企业现在的联系人。"""

    async def look(context: Context) -> None:
        known = await enterprises.by_code(credit_codes.read(code).code)
        typer.echo(known.name)
        for row in await binding_steps.holders(known.id, now=context.clock()):
            since = _when(row.active_at) if row.active_at else ""
            typer.echo(
                f"{row.id}  {row.role.label}  {row.state.label}  {since}  {plain(row.person)}"
            )

    _run(ctx, look)


@app.command()
def papers(
    ctx: typer.Context,
    binding: Which,
    folder: Annotated[Path, typer.Argument(help="放到哪个文件夹")],
    by: By,
) -> None:
    """把一个申请的营业执照和授权书逐页存成图片；谁看过会记下来。"""
    id_ = _id(binding)

    async def act(context: Context) -> None:
        found = await leafing.of_claim(id_)
        await leaves.put(found, folder, by=by, why="审核绑定申请", context=context)

    _run(ctx, act)


@app.command()
def approve(
    ctx: typer.Context,
    binding: Which,
    by: By,
    reason: Reason = "",
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="同时解除这家企业现有的全部联系人")
    ] = False,
    role: Annotated[
        Role | None, typer.Option(help="材料证明的身份与申请的不同时写明：legal 或 agent")
    ] = None,
) -> None:
    """通过一个申请；新的法定代表人接替原来的，经办人保留。"""
    id_ = _id(binding)
    _run(
        ctx,
        lambda context: claim_reviews.approve(
            id_, actor=Staff(by), now=context.clock(), replace=replace, reason=reason, role=role
        ),
    )
    typer.echo("已通过，72 小时内不能导出和退款")


@app.command()
def reject(ctx: typer.Context, binding: Which, by: By, reason: Reason) -> None:
    """不通过一个申请，写明原因。"""
    id_ = _id(binding)
    _run(
        ctx,
        lambda context: claim_reviews.reject(
            id_, actor=Staff(by), reason=reason, now=context.clock()
        ),
    )
    typer.echo("已答复申请人")


@app.command()
def uphold(ctx: typer.Context, binding: Which, by: By, reason: Reason) -> None:
    """法定代表人变更的登记有误：恢复这个联系人的法定代表人身份。"""
    id_ = _id(binding)
    _run(
        ctx,
        lambda context: claim_reviews.uphold(
            id_, actor=Staff(by), reason=reason, now=context.clock()
        ),
    )
    typer.echo("已恢复法定代表人身份")


@app.command()
def remove(ctx: typer.Context, binding: Which, by: By, reason: Reason) -> None:
    """解除一个联系人。"""
    id_ = _id(binding)
    _run(
        ctx,
        lambda context: colleagues.remove(id_, actor=Staff(by), reason=reason, now=context.clock()),
    )
    typer.echo("已解除")


@app.command()
def suspend(ctx: typer.Context, binding: Which, by: By, reason: Reason) -> None:
    """暂停一个联系人并退出其所有登录，例如本人来电说手机丢了。"""
    id_ = _id(binding)
    _run(
        ctx,
        lambda context: colleagues.suspend(
            id_, actor=Staff(by), reason=reason, now=context.clock()
        ),
    )
    typer.echo("已暂停，由其他联系人确认，或者本人交材料、您用 approve 通过后恢复")


def _run(ctx: typer.Context, act: Callable[[Context], Awaitable[T]]) -> T:
    """Do it with the database open; a refusal is one sentence and a code."""
    context = current(ctx)

    async def doing() -> T:
        async with context.database():
            return await act(context)

    try:
        return run_async(doing())
    except DomainError as refusal:
        fail(str(refusal))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        fail("编号不对：请从 bindings list 的第一列复制")


def _when(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
