"""`rules propose`, `approve`, `published`, `rescore`: versions and results in the database."""

import gc
import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.commands.context import Context, current, fail
from bot.commands.rules import AsOf, Version, day, file_text, known_basis, say, told
from bot.commands.rules_database import in_database
from bot.commands.rules_text import changed_lines, table
from bot.domain.errors import BadInput
from bot.processes import fork
from bot.scoring.library import shipped_wording
from bot.scoring.pack import Pack
from bot.scoring.reading import BadData
from bot.services import rescoring, schemes

BEIJING = ZoneInfo("Asia/Shanghai")
MOST_PROCESSES = 32

By = Annotated[str, typer.Option(help="您的姓名")]
Scheme = Annotated[str, typer.Argument(help="评价体系")]


def mount(rules: typer.Typer) -> None:
    for command in (propose, proposed, approve, published, rescore):
        rules.command()(command)


def propose(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="评分包文件")],
    effective_on: Annotated[str, typer.Option(help="生效日期，例如 2026-04-01")],
    by: By,
) -> None:
    """提交一个版本，等另一位工作人员审批。"""
    context = current(ctx)
    with told():
        asked = schemes.propose(
            file_text(file), file=str(file), effective_on=_effective(effective_on), by=by,
            now=context.clock(),
        )  # fmt: skip
        found = in_database(context, asked)
        if isinstance(found, schemes.Published):
            typer.echo(f"{found.scheme} 第 {found.version} 版已经发布，没有变化")
            return
        typer.echo(f"{found.scheme} 第 {found.version} 版，{found.effective_on} 起生效")
        typer.echo(f"SHA-256：{found.sha256}")
        typer.echo(f"核对码：{found.digest}")
        typer.echo(f"请另一位工作人员用 rules proposed {found.scheme} 核对，在 24 小时内执行：")
        typer.echo(
            f"  rules approve {found.scheme} --version {found.version} "
            f"--digest {found.digest} --by 姓名"
        )


def proposed(ctx: typer.Context, scheme: Scheme, version: Version = None) -> None:
    """看等待审批的版本：核对码，以及和现行版本相比改了什么。"""
    context = current(ctx)
    with told():
        proposal, pack, before = in_database(context, _laid(scheme, version))
        typer.echo(f"{scheme} 第 {proposal.version} 版，{proposal.effective_on} 起生效")
        typer.echo(f"提交人：{proposal.proposed_by}")
        typer.echo(f"SHA-256：{proposal.sha256}")
        typer.echo(f"核对码：{proposal.digest}")
        typer.echo("")
        say(changed_lines(before, pack, shipped_wording()))


async def _laid(scheme: str, version: int | None) -> tuple[schemes.Proposal, Pack, Pack | None]:
    """The proposal, and the version that it would follow."""
    proposal, pack = await schemes.proposed(scheme, version)
    older = [one.pack for one in await schemes.all_published() if one.scheme == scheme]
    return proposal, pack, older[-1] if older else None


def approve(
    ctx: typer.Context,
    scheme: Scheme,
    version: Annotated[int, typer.Option(help="版本")],
    digest: Annotated[str, typer.Option(help="提交时给出的核对码")],
    by: By,
) -> None:
    """审批并发布别人提交的版本；发布以后永远不变。"""
    context = current(ctx)
    with told():
        asked = schemes.approve(scheme, version, digest=digest, by=by, now=context.clock())
        found = in_database(context, asked)
        typer.echo(f"已发布 {found.scheme} 第 {found.version} 版，{found.effective_on} 起生效")
        typer.echo(f"SHA-256：{found.sha256}")


def published(ctx: typer.Context) -> None:
    """列出已经发布的版本。"""
    with told():
        rows = [
            (
                row.scheme,
                str(row.version),
                row.effective_on.isoformat(),
                row.proposed_by,
                row.approved_by,
                f"{row.published_at.astimezone(BEIJING):%Y-%m-%d %H:%M}",
                row.sha256[:12],
            )
            for row in in_database(current(ctx), schemes.all_published())
        ]
        head = ("评分包", "版本", "生效日期", "提交", "审批", "发布时间", "SHA-256")
        say(table(head, rows) if rows else ["还没有发布任何版本"])


def rescore(  # what the command line says
    ctx: typer.Context,
    scheme: Scheme,
    as_of: AsOf,
    version: Version = None,
    basis: Annotated[str, typer.Option(help="self 自评，verified 核实评价")] = "verified",
    processes: Annotated[int, typer.Option(help="同时几个进程", min=1, max=MOST_PROCESSES)] = 2,
) -> None:
    """给全部企业重新计分；中断以后再执行一次，会从停下的地方继续。"""
    context, started = current(ctx), time.monotonic()
    with told():
        on = day(as_of)
        if on > context.clock().astimezone(BEIJING).date():
            raise BadData("--as-of", as_of, "评价日不能晚于今天")
        run = in_database(context, _begun(context, scheme, version, known_basis(basis), on))
    _share(processes, lambda: in_database(context, rescoring.work(run, now=context.clock())))
    if not in_database(context, rescoring.finish(run, now=context.clock())):
        fail("还有企业没有算完，原有结果不受影响：请再执行一次，会从停下的地方继续")
    rows = in_database(context, rescoring.levels(run.scheme, basis=run.basis))
    everybody = sum(row["enterprises"] for row in rows)
    words = {"not_scored": "不计分", "unreadable": "无法计算"}
    told_rows = [(row["level"] or words[row["state"]], str(row["enterprises"])) for row in rows]
    took = f"{time.monotonic() - started:.1f}"
    typer.echo(f"{run.scheme} 第 {run.version} 版：{everybody} 家企业已重新计分，用时 {took} 秒")
    say(table(("等级", "家数"), told_rows))


async def _begun(
    context: Context, scheme: str, version: int | None, basis: str, as_of: date
) -> rescoring.Run:
    if version is None:
        rules = await schemes.in_force(scheme, as_of)
    else:
        rules = await schemes.published(scheme, version)
    return await rescoring.begin(rules, basis=basis, as_of=as_of, now=context.clock())


def _share(processes: int, work: Callable[[], object]) -> None:
    """Let several processes do free slices until there is none; a failed one leaves its slice."""

    def child() -> int:
        gc.freeze()  # what is loaded by now stays: collecting it again and again costs a tenth
        work()
        return 0

    for pid in [fork(child) for _ in range(processes)]:
        os.waitpid(pid, 0)


def _effective(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("生效日期应当写成 2026-04-01 这样。", field="effective_on") from error
