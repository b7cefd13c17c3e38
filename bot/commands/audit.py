"""`audit`: what was done to what and by whom, and whether the log still tells the truth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from bot.clients.database import connect_as_is
from bot.clients.head_file import HeadFile, NoHead
from bot.clients.vault import read_keys
from bot.commands.audit_verify import Verdict, Witnessed, verify
from bot.commands.certificates import By, Second, Why
from bot.commands.context import Context, current, fail, plain, told
from bot.commands.rules_text import table
from bot.domain.audit import Head
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import audit_erasing, audit_reading, audit_restoring
from bot.services.audit_sequence import HeadSigner

app = typer.Typer(help="审计记录：查看，核对。", no_args_is_help=True)


@app.command("list")
def show(
    ctx: typer.Context,
    object_id: Annotated[str, typer.Option("--object", help="对象编号")] = "",
    enterprise: Annotated[str, typer.Option(help="企业编号")] = "",
    actor: Annotated[str, typer.Option(help="用户编号、工作人员姓名或后台任务名")] = "",
    limit: Annotated[int, typer.Option(help="最多几条", min=1, max=10_000)] = 100,
) -> None:
    """列出审计记录，最新的在前。"""
    try:
        company = UUID(enterprise) if enterprise else None
    except ValueError:
        fail("企业编号不对：应当是 36 位的编号")
    found = run_async(_found(current(ctx), object_id, company, actor, limit))
    rows = [
        (
            "等待" if line.leaf is None else str(line.leaf),
            f"{line.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            line.actor or "访客",
            line.action,
            f"{line.kind} {line.object_id}",
            line.changes,
            plain(line.reason),
        )
        for line in found
    ]
    for line in table(("编号", "时间", "谁", "做了什么", "对象", "变化", "理由"), rows):
        typer.echo(line)
    typer.echo(f"共 {len(rows)} 条" if rows else "没有这样的记录")


@app.command("verify")
def check(
    ctx: typer.Context,
    head: Annotated[
        list[str] | None, typer.Option(help="见证人保存的 条数:树根，由 audit head 打印")
    ] = None,
    witness: Annotated[
        list[Path] | None, typer.Option(help="见证人从 /audit/head.json 保存的文件")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="公钥 编号:64 位十六进制；不写则用本机设置中的")
    ] = None,
) -> None:
    """核对全部审计记录，以及受审计的表；指出第一条不对的。

    本机后台任务保存的树根总是见证人之一；还可以给出别处保存的。
    """
    context = current(ctx)
    try:
        keys: Mapping[str, bytes] = read_keys(",".join(key)) if key else signer(context).public()
        seen = [_told(text) for text in head or ()]
    except ValueError:
        fail("--key 须为 编号:64 位十六进制，--head 须为 条数:树根")
    ours = HeadFile.of(context.state_dir)
    seen += [_kept(file) for file in (HeadFile(path) for path in witness or ())]
    seen += [_kept(ours)] if ours.path.exists() else []
    verdict = run_async(_verdict(context, keys, seen))
    if verdict.first is None:
        typer.echo(f"审计记录完好：{verdict.entries} 条，树根 {verdict.root}")
        if not seen:
            typer.echo("没有见证人保存的树根：如果整段历史被重写，这次看不出来")
        return
    place = "没有编号" if verdict.first.leaf is None else f"第 {verdict.first.leaf} 号"
    entry = f"（{verdict.first.entry}）" if verdict.first.entry else ""
    fail(f"第一处不对：{place}{entry}：{verdict.first.what}")


@app.command("head")
def last_head(ctx: typer.Context) -> None:
    """打印最新的树根和公钥，交给见证人保存；网上在 /audit/head.json。"""
    context = current(ctx)
    found = run_async(_head(context))
    typer.echo(f"{found.size}:{found.root.hex()}" if found else "还没有签过名的记录")
    for name, public in signer(context).public().items():
        typer.echo(f"公钥 {name}:{public.hex()}")


@app.command()
def restored(ctx: typer.Context, by: By, second: Second, reason: Why) -> None:
    """数据库确实从备份恢复过：两个人确认后，审计记录从现有的接着签名。每台跑后台任务的机器各执行一次。"""
    context = current(ctx)
    kept, now = HeadFile.of(context.state_dir), context.clock()
    work = audit_restoring.go_on(kept, by=by, second=second, reason=reason, now=now)
    found = told(context, work)
    typer.echo(
        f"从 {found.size if found else 0} 条接着签名；见证人手里更新的树根从此对不上，请告诉他们"
    )


@app.command("destroy-key")
def destroy_key(
    ctx: typer.Context,
    subject: Annotated[str, typer.Argument(help="如 binding:编号 或 enterprise:编号")],
    by: By,
    second: Second,
    reason: Why,
) -> None:
    """依法销毁：这个对象在审计记录里的值和理由，从此谁也读不出、证明不了；记录本身仍然完好。"""
    context = current(ctx)
    work = audit_erasing.destroy(subject, by=by, second=second, reason=reason, now=context.clock())
    told(context, work)
    typer.echo(f"{subject} 的密钥已销毁")


def _told(text: str) -> Witnessed:
    size, _, root = text.partition(":")
    return Witnessed(int(size), bytes.fromhex(root))


def _kept(file: HeadFile) -> Witnessed:
    try:
        head = file.read()
    except NoHead:
        head = None
    if head is None:
        fail(f"{file.path} 里没有树根：请给出从 /audit/head.json 保存的文件")
    return Witnessed(head.size, head.root)


def signer(context: Context) -> HeadSigner:
    return HeadSigner(read_keys(context.config.audit_keys.get_secret_value()))


async def _found(
    context: Context, object_id: str, enterprise: UUID | None, actor: str, limit: int
) -> list[audit_reading.Line]:
    async with context.database():
        return await audit_reading.lines(
            object_id=object_id, enterprise_id=enterprise, actor=actor, limit=limit
        )


async def _verdict(
    context: Context, keys: Mapping[str, bytes], witnessed: Sequence[Witnessed]
) -> Verdict:
    connection: asyncpg.Connection = await connect_as_is(
        context.database_url, application="credit-audit"
    )
    try:
        return await verify(connection, keys, witnessed)
    finally:
        await connection.close()


async def _head(context: Context) -> Head | None:
    async with context.database():
        return await audit_reading.last_head()
