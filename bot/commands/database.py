"""`migrate`: bring the database's schema up to date, or draft the next step of it."""

from typing import Annotated

import typer

from bot.commands.context import current, fail
from bot.processes import run_async


def mount(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate(
    ctx: typer.Context,
    draft: Annotated[
        str, typer.Option(help="按 models/ 的改动写一个新的迁移文件，并给它取这个名字")
    ] = "",
    *,
    check: Annotated[
        bool, typer.Option("--check", help="只检查：models/ 的改动是否都已写成迁移文件")
    ] = False,
) -> None:
    """升级数据库结构；多台机器同时执行也安全。"""
    from bot.clients import schema

    url = current(ctx).owner_url
    if check:
        missing = run_async(schema.drafts(url))
        if missing:
            fail("models/ 有改动还没有迁移文件：请执行 ./run migrate --draft 名字")
        typer.echo("models/ 与迁移文件一致")
    elif draft:
        for path in run_async(schema.write_drafts(url, draft)):
            typer.echo(f"已写 {path.name}：请读一遍，再提交")
    else:
        run_async(schema.migrate(url))
        typer.echo("数据库结构已是最新")
