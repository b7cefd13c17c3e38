"""`certificate check`: one scanned code, checked against keys, register and state."""

from typing import Annotated

import typer

from bot.clients.database import connect
from bot.commands.context import current, told
from bot.domain.verification import Finding, Outcome
from bot.handlers.public.showing import lines, sentence
from bot.services.register import Register
from bot.services.verification import Verifier

app = typer.Typer(help="核验一张证书。", no_args_is_help=True)


@app.callback()
def group() -> None:
    """核验一张证书。"""


@app.command()
def check(
    ctx: typer.Context,
    given: Annotated[
        list[str],
        typer.Argument(help="扫码得到的完整网址，或“编号 口令”；也可以只有口令或证书编号"),
    ],
) -> None:
    """按签名、有效期和状态核验；有效时退出码为 0。"""
    context = current(ctx)

    async def work() -> Finding:
        register = Register(bases=context.config.addresses, production=context.config.production)
        connection = await connect(context.database_url, application="credit-command")
        try:
            await register.catch_up(connection, now=context.clock())
        finally:
            await connection.close()
        verifier = Verifier(register)
        return verifier.by_address(" ".join(given), now=context.clock())

    found = told(context, work())
    typer.echo(f"{found.word}：{sentence(found)}")
    if found.demonstration:
        typer.echo("示范文本，不具有任何效力")
    for line in lines(found):
        typer.echo(f"  {line.name}：{line.words}（{line.at}）")
    if found.entry is not None and found.full:
        entry = found.entry
        typer.echo(f"  {entry.number}  {entry.name}  {entry.code}  {entry.level}".rstrip())
    raise typer.Exit(0 if found.outcome is Outcome.VALID else 1)
