"""`keys …`: make, rotate, list signing keys, and say that one was stolen."""

from datetime import datetime
from typing import Annotated

import typer

from bot.commands.certificates import By, Second, issuer_of
from bot.commands.context import current, told
from bot.commands.rules import say
from bot.commands.rules_text import table
from bot.domain.certificates import BEIJING
from bot.domain.signing_keys import Keyring, Purpose
from bot.services import signing_keys
from bot.services.signing_keys import Listed

app = typer.Typer(help="证书的签发密钥：生成、轮换、列出、登记失窃。", no_args_is_help=True)

For = Annotated[
    Purpose, typer.Option("--for", help="certificate 签发证书；status 状态名单、回执和快照")
]
Why = Annotated[str, typer.Option(help="原因")]


@app.command()
def make(
    ctx: typer.Context,
    by: By,
    reason: Why,
    second: Annotated[str, typer.Option(help="复核人姓名；第一把密钥不需要")] = "",
    purpose: For = Purpose.CERTIFICATE,
    from_: Annotated[
        str, typer.Option("--from", help="从何时起使用，如 2026-04-01T00:00；默认马上")
    ] = "",
) -> None:
    """生成一把密钥并公布公钥；私钥只存在本机，权限 600。"""
    context = current(ctx)
    begins = _instant(from_) if from_ else None
    issuer, now = issuer_of(context), context.clock()
    work = signing_keys.make(
        purpose, issuer=issuer, by=by, second=second, why=reason, now=now, from_=begins
    )
    key = told(context, work)
    typer.echo(f"已生成 {key.number} 号密钥（{purpose}），{_told(key.used_from)} 起使用")


@app.command()
def rotate(
    ctx: typer.Context, by: By, second: Second, reason: Why, purpose: For = Purpose.CERTIFICATE
) -> None:
    """换一把新的：新密钥签名，旧密钥签过的仍然有效。"""
    context = current(ctx)
    issuer, now = issuer_of(context), context.clock()
    work = signing_keys.rotate(purpose, issuer=issuer, by=by, second=second, why=reason, now=now)
    key = told(context, work)
    typer.echo(f"现在用 {key.number} 号密钥签名（{purpose}），以前的只用于核验")


@app.command()
def compromise(  # what the command line says
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(help="密钥编号，见 keys list")],
    from_: Annotated[str, typer.Option("--from", help="从何时起失窃，如 2026-03-02T09:30")],
    by: By,
    second: Second,
    reason: Why,
) -> None:
    """登记密钥失窃：在那以前登记的证书仍然有效，以后的都不再采信。"""
    context = current(ctx)
    instant, now = _instant(from_), context.clock()
    work = signing_keys.compromise(number, from_=instant, by=by, second=second, why=reason, now=now)
    told(context, work)
    typer.echo(f"{number} 号密钥从 {_told(instant)} 起不再采信。接下来：")
    typer.echo("  1. 生成新密钥：keys make --by … --second … --reason …")
    typer.echo("  2. 重新签名：certificates resign")


@app.command("list")
def list_all(ctx: typer.Context) -> None:
    """列出全部密钥、日期和原因。"""
    context = current(ctx)
    found = told(context, signing_keys.listed())
    head = ("编号", "用途", "状态", "起用", "停用", "可核验至", "经过")
    say(table(head, [_row(one) for one in found]) if found else ["还没有密钥"])
    ring = Keyring.of([one.key for one in found], production=context.config.production)
    for key in ring.overdue(context.clock()):
        typer.echo(f"{key.number} 号密钥用得太久了，请换一把：keys rotate --for {key.purpose} …")


def _row(one: Listed) -> tuple[str, ...]:
    key = one.key
    state = "失窃" if key.compromised_from else "已停用" if key.retired_at else "使用中"
    story = f"{one.made_by}：{one.made_why}"
    if key.retired_at:
        story += f"；{one.retired_by}停用：{one.retired_why}"
    if key.compromised_from:
        story += f"；{one.compromised_by}登记失窃：{one.compromised_why}"
    return (
        f"{key.number}{'（测试）' if key.is_test else ''}", key.purpose, state,
        _told(key.used_from), _told(key.signing_ends), _told(key.verify_until), story,
    )  # fmt: skip


def _told(at: datetime | None) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}" if at else "—"


def _instant(text: str) -> datetime:
    """A time in Beijing, as people write it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("时间请写成 2026-03-02T09:30 这样") from None
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)
