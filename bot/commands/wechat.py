"""`wechat`: the official account's menu, codes for posters, and the state of the tokens."""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.clients.wechat_errors import WeChatError
from bot.commands.context import Context, current, fail, save
from bot.domain import menus, qr, scenes
from bot.domain.errors import BadInput
from bot.domain.menus import BadMenu
from bot.handlers.wechat.knowledge import shipped
from bot.processes import run_async
from bot.services import content

BEIJING = ZoneInfo("Asia/Shanghai")

app = typer.Typer(help="微信：公众号菜单、海报上的二维码、接口凭证。", no_args_is_help=True)


@app.command()
def menu(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Option(help="不用最新的版本，用这个文件")] = None,
    *,
    publish: Annotated[bool, typer.Option("--publish", help="发布；不加就只看差别")] = False,
) -> None:
    """比较公众号现在的菜单和工作人员最后改的菜单；加 --publish 发布。"""
    context = current(ctx)
    try:
        text = file.read_text() if file else None
        changes = run_async(_menu(context, text, publish=publish))
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


class Poster(StrEnum):
    """What a code on paper may lead to; certificates and invitations carry our own address."""

    EVENT = "event"
    ENTERPRISE = "enterprise"


@app.command()
def code(
    ctx: typer.Context,
    kind: Annotated[Poster, typer.Argument(help="event：活动；enterprise：一家企业的公开信息")],
    key: Annotated[str, typer.Argument(help="活动的代号（小写字母、数字、-），或统一社会信用代码")],
    to: Annotated[Path, typer.Option(help="写到哪个文件（SVG，印多大都清楚）")],
    days: Annotated[
        int, typer.Option(min=1, max=30, help="有效几天；要长期使用的，用 --forever")
    ] = 30,
    *,
    forever: Annotated[
        bool, typer.Option("--forever", help="长期有效；一个公众号一共只有十万个")
    ] = False,
) -> None:
    """做一个海报上用的二维码：扫了先关注公众号，马上收到要看的内容。"""
    context = current(ctx)
    lives = None if forever else timedelta(days=days)
    try:
        scene = scenes.Scene(scenes.Kind[kind.name], key)
        url = run_async(_code(context, scene, lives))
    except BadInput:
        fail("代号不对：活动用小写字母、数字和 -，企业用 18 位统一社会信用代码")
    except WeChatError as error:
        fail(f"微信没有接受：{error}")
    save(to, qr.svg(url, title="公众号二维码").encode())
    typer.echo(f"已写到 {to}，{'长期有效' if forever else f'{days} 天内有效'}")


@app.command("mini-code")
def mini_code(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(help="贴在哪里的代号，小程序据此知道人从哪里来：最多 32 个字母、数字、-"),
    ],
    to: Annotated[Path, typer.Option(help="写到哪个文件（PNG）")],
    page: Annotated[str, typer.Option(help="打开小程序的哪一页；不写就是“手机号一键绑定”")] = "",
) -> None:
    """做一个小程序码：扫了直接打开小程序；长期有效，请保存好文件，不要反复做。"""
    context = current(ctx)
    page = page or context.config.mini_bind_page
    if not page:
        fail("还没有设置 CREDIT_MINI_BIND_PAGE，请用 --page 写明打开小程序的哪一页")
    try:
        picture = run_async(_mini_code(context, source, page))
    except BadInput as error:
        fail(str(error))
    except WeChatError as error:
        fail(f"微信没有接受：{error}")
    save(to, picture)
    typer.echo(f"已写到 {to}，长期有效，打开 {page}")


@app.command()
def token(ctx: typer.Context) -> None:
    """列出各接口凭证的状态；凭证本身不显示。"""
    lines = run_async(_lines(current(ctx)))
    for line in lines or ["还没有取过凭证"]:
        typer.echo(line)


async def _menu(context: Context, text: str | None, *, publish: bool) -> list[str]:
    """The differences; published when there are any and it was asked for."""
    from bot.deps import open_accounts

    async with context.database(), open_accounts(context.config, context.clock) as accounts:
        if text is None:
            await content.seed(shipped.texts(), now=context.clock())
            text = (await content.newest())[shipped.OA_MENU].body
        config = context.config
        published = config.sandbox or bool(config.mini_bind_page)
        wanted = menus.read(
            text,
            public_url=config.public_url,
            mini_appid=config.mini_appid if published else "",
        )
        changes = menus.difference(await accounts.service.menu() or [], wanted)
        if changes and publish:
            await accounts.service.publish_menu(wanted)
        return changes


async def _code(context: Context, scene: scenes.Scene, lives: timedelta | None) -> str:
    from bot.deps import open_accounts

    async with context.database(), open_accounts(context.config, context.clock) as accounts:
        return (await accounts.service.scene_code(scene.text, lives=lives)).url


async def _mini_code(context: Context, source: str, page: str) -> bytes:
    from bot.deps import open_accounts

    async with context.database(), open_accounts(context.config, context.clock) as accounts:
        return await accounts.mini.page_code(source, page=page)


async def _lines(context: Context) -> list[str]:
    from bot.services import tokens

    async with context.database():
        rows = await tokens.states(now=context.clock())
    return [
        f"{row.name}  取得 {_instant(row.asked_at)}  到期 {_instant(row.expires_at)}"
        f"  一分钟内取过 {row.asked_last_minute} 次  一天内强制刷新 {row.forced_last_day} 次"
        for row in rows
    ]


def _instant(at: datetime | None) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if at else "——"
