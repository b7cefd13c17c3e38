"""`wechat`: the official account's menu, and the state of the tokens."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.clients.database import close_database, open_database
from bot.clients.wechat_errors import WeChatError
from bot.commands.context import Context, current, fail
from bot.domain import menus
from bot.domain.menus import BadMenu
from bot.processes import run_async

BEIJING = ZoneInfo("Asia/Shanghai")
MENU = Path(__file__).resolve().parents[2] / "templates" / "menu.toml"

app = typer.Typer(help="微信：公众号菜单、接口凭证。", no_args_is_help=True)


@app.command()
def menu(
    ctx: typer.Context,
    file: Annotated[Path, typer.Option(help="菜单文件")] = MENU,
    *,
    publish: Annotated[bool, typer.Option("--publish", help="发布；不加就只看差别")] = False,
) -> None:
    """比较公众号现在的菜单和菜单文件；加 --publish 发布。"""
    context = current(ctx)
    try:
        wanted = menus.read(
            file.read_text(),
            public_url=context.config.public_url,
            mini_appid=context.config.mini_appid,
        )
        changes = run_async(_menu(context, wanted, publish=publish))
    except (OSError, BadMenu) as error:
        fail(str(error))
    except WeChatError as error:
        fail(f"微信没有接受：{error}")
    for line in changes:
        typer.echo(line)
    if not changes:
        typer.echo("菜单已是最新，没有要发布的")
    elif publish:
        typer.echo("已发布；用户重新进入公众号后，最多五分钟看到新菜单")
    else:
        typer.echo("还没有发布：确认无误后，加上 --publish 再执行一次")


@app.command()
def token(ctx: typer.Context) -> None:
    """列出各接口凭证的状态；凭证本身不显示。"""
    lines = run_async(_lines(current(ctx)))
    for line in lines or ["还没有取过凭证"]:
        typer.echo(line)


async def _menu(context: Context, wanted: list[menus.Button], *, publish: bool) -> list[str]:
    """The differences; published when there are any and it was asked for."""
    from bot.deps import open_accounts

    database = await open_database(context.database_url, pool=2, application="credit-command")
    try:
        async with open_accounts(context.config, context.clock) as accounts:
            changes = menus.difference(await accounts.service.menu() or [], wanted)
            if changes and publish:
                await accounts.service.publish_menu(wanted)
            return changes
    finally:
        await close_database(database)


async def _lines(context: Context) -> list[str]:
    from bot.services import tokens

    database = await open_database(context.database_url, pool=2, application="credit-command")
    try:
        rows = await tokens.states(now=context.clock())
    finally:
        await close_database(database)
    return [
        f"{row.name}  取得 {_instant(row.asked_at)}  到期 {_instant(row.expires_at)}"
        f"  一分钟内取过 {row.asked_last_minute} 次  一天内强制刷新 {row.forced_last_day} 次"
        for row in rows
    ]


def _instant(at: datetime | None) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if at else "——"
