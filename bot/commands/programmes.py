"""`programmes`: which programmes there are, and whether this installation charges for them."""

from typing import Annotated

import typer

from bot.commands.context import current, told
from bot.commands.rules import say
from bot.commands.rules_text import table
from bot.domain.actors import Staff
from bot.domain.workdays import BEIJING
from bot.scoring.programme import Programme
from bot.services import programmes

app = typer.Typer(help="项目与收费：查看、开启、停止。", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="项目，见 programmes list")]
By = Annotated[str, typer.Option(help="经办人姓名")]
Second = Annotated[str, typer.Option(help="复核人姓名，不能是经办人本人")]


@app.command("list")
def list_programmes(ctx: typer.Context) -> None:
    """列出项目、价目和收费依据。"""

    async def work() -> tuple[tuple[Programme, ...], dict[str, programmes.Switched]]:
        return await programmes.all_in_force(), await programmes.switches()

    found, switched = told(current(ctx), work())
    head = ("项目", "名称", "收费", "价目（元）", "依据")
    rows = []
    for one in found:
        prices = "、".join(f"{price.fen // 100}" for price in one.fee.prices if price.fen)
        rows.append((one.id, one.name, _charged(one, switched), prices, one.fee.legal_basis or ""))
    say(table(head, rows))


@app.command()
def charge(
    ctx: typer.Context,
    name: Name,
    basis: Annotated[str, typer.Option(help="收费的法律依据：文件名称、文号、条款")],
    by: By,
    second: Second,
) -> None:
    """开启收费：写明法律依据，两人负责，记入审计；按规定免费的项目不能开启。"""
    context = current(ctx)
    done = programmes.charge(
        name, legal_basis=basis, actor=Staff(by), second=second, now=context.clock()
    )
    typer.echo(f"{told(context, done).name} 已开启收费")


@app.command()
def free(
    ctx: typer.Context,
    name: Name,
    reason: Annotated[str, typer.Option(help="停止收费的原因")],
    by: By,
    second: Second,
) -> None:
    """停止收费。"""
    context = current(ctx)
    told(
        context,
        programmes.free(name, reason=reason, actor=Staff(by), second=second, now=context.clock()),
    )
    typer.echo("已停止收费")


def _charged(one: Programme, switched: dict[str, programmes.Switched]) -> str:
    if one.fee.mode != "on":
        return "按规定免费" if one.fee.mode == "never" else "没有开启"
    known = switched.get(one.id)
    if known is None:
        return "收费"
    return f"收费（{known.at.astimezone(BEIJING):%Y-%m-%d} {known.by}、{known.second}）"
