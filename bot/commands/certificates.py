"""`certificates …`: issue, change and list certificates until the console exists, each by name."""

from typing import Annotated

import typer
from tortoise.transactions import in_transaction

from bot.commands import reports
from bot.commands.context import Context, current, fail, plain, told
from bot.commands.rules import say
from bot.commands.rules_text import table
from bot.deps import open_issuer
from bot.domain.actors import Staff
from bot.domain.certificate_token import address
from bot.domain.certificates import BEIJING, REASON_WORDS, WORDS, Action, Reason, today
from bot.services import (
    binding_steps,
    certificate_life,
    certificate_reviews,
    certificate_signing,
    certificates,
    enterprises,
)
from bot.services.certificate_bases import demonstration
from bot.services.certificate_life import Certificate
from bot.services.signing_keys import Issuer

app = typer.Typer(help="证书：签发、变更状态、重新签名、查看。", no_args_is_help=True)
app.add_typer(reports.app, name="reports")

Number = Annotated[str, typer.Argument(help="证书编号")]
By = Annotated[str, typer.Option(help="经办人姓名")]
Second = Annotated[str, typer.Option(help="复核人姓名，不能是经办人本人")]
Why = Annotated[str, typer.Option(help="原因，写进审计记录")]
CLASSES = "原因类别：" + "、".join(f"{one} {REASON_WORDS[one]}" for one in Reason)
Class = Annotated[Reason, typer.Option(help=CLASSES, metavar="类别")]


@app.command()
def issue(  # noqa: PLR0913  # what the command line says
    ctx: typer.Context,
    *,
    enterprise: Annotated[str, typer.Option(help="企业的统一社会信用代码")],
    programme: Annotated[str, typer.Option(help="项目，见 rules list")],
    by: By,
    second: Second,
    reason: Why,
    level: Annotated[str | None, typer.Option(help="等级；不评等级的项目不填")] = None,
) -> None:
    """签发一张演示证书（正式证书由承诺公开或评价决定签发）。"""
    context = current(ctx)

    async def work() -> Certificate:
        basis = demonstration(
            by=by, second=second, reason=reason, production=context.config.production
        )
        found = await enterprises.by_code(enterprise)
        async with in_transaction():
            await binding_steps.lock(found.id)
            issued = await certificates.issue(
                enterprise_id=found.id, programme=programme, level=level, basis=basis,
                actor=Staff(by), now=context.clock(),
            )  # fmt: skip
        await certificate_signing.sign_waiting(issuer=issuer_of(context), now=context.clock())
        return await certificate_life.find(issued.number)

    made = told(context, work())
    typer.echo(f"已签发 {made.number}：{made.name}，有效期至 {made.valid_to}")
    typer.echo(f"二维码：{_url(context, made)}")


@app.command()
def suspend(  # what the command line says
    ctx: typer.Context, number: Number, reason_class: Class, by: By, second: Second, reason: Why
) -> None:
    """暂停。"""
    _change(ctx, number, Action.SUSPEND, reason_class, (by, second, reason))


@app.command()
def resume(  # what the command line says
    ctx: typer.Context, number: Number, reason_class: Class, by: By, second: Second, reason: Why
) -> None:
    """恢复暂停的证书。"""
    _change(ctx, number, Action.RESUME, reason_class, (by, second, reason))


@app.command()
def withdraw(  # what the command line says
    ctx: typer.Context, number: Number, reason_class: Class, by: By, second: Second, reason: Why
) -> None:
    """注销。"""
    _change(ctx, number, Action.WITHDRAW, reason_class, (by, second, reason))


@app.command()
def revoke(  # what the command line says
    ctx: typer.Context, number: Number, reason_class: Class, by: By, second: Second, reason: Why
) -> None:
    """撤销。"""
    _change(ctx, number, Action.REVOKE, reason_class, (by, second, reason))


@app.command()
def review(ctx: typer.Context, number: Number, by: By, reason: Why) -> None:
    """登记年审通过。"""
    context = current(ctx)
    done = certificate_reviews.passed(number, words=reason, actor=Staff(by), now=context.clock())
    found = told(context, done)
    following = f"，下次年审在 {found.review_due} 前" if found.review_due else ""
    typer.echo(f"{found.number} 年审通过{following}")


@app.command()
def rename(ctx: typer.Context, number: Number, by: By, reason: Why) -> None:
    """企业更名后换发：等级和截止日期不变，旧证书指向新证书。"""
    context = current(ctx)

    async def work() -> Certificate:
        actor = Staff(by)
        issued = await certificate_life.rename(
            number, actor=actor, words=reason, now=context.clock()
        )
        await certificate_signing.sign_waiting(issuer=issuer_of(context), now=context.clock())
        return await certificate_life.find(issued.number)

    made = told(context, work())
    typer.echo(f"已换发 {made.number}：{made.name}，有效期至 {made.valid_to}")
    typer.echo(f"二维码：{_url(context, made)}")


@app.command()
def outdated(ctx: typer.Context) -> None:
    """列出企业已经更名、还写着旧名称的证书。"""
    context = current(ctx)
    found = told(context, certificate_life.outdated(now=context.clock()))
    rows = [(one.number, one.name, one.new_name, WORDS[one.state]) for one in found]
    head = ("编号", "证书上的名称", "现在的名称", "状态")
    say(table(head, rows) if rows else ["没有写着旧名称的证书"])
    if rows:
        typer.echo("换发：certificates rename 编号 --by … --reason …；已暂停的先恢复")


@app.command("list")
def list_all(
    ctx: typer.Context, limit: Annotated[int, typer.Option(help="最多几张", min=1)] = 50
) -> None:
    """列出最近的证书。"""
    context = current(ctx)
    day = today(context.clock())
    rows = [
        (one.number, one.name, one.level or "—", str(one.valid_to), WORDS[one.state_on(day)])
        for one in told(context, certificate_life.listed(limit=limit))
    ]
    head = ("编号", "企业", "等级", "有效期至", "状态")
    say(table(head, rows) if rows else ["还没有证书"])


@app.command()
def show(ctx: typer.Context, number: Number) -> None:
    """一张证书和它的全部经过。"""
    context = current(ctx)

    async def work() -> tuple[Certificate, list[certificate_life.Line]]:
        found = await certificate_life.find(number)
        return found, await certificate_life.trail(found.id)

    found, lines = told(context, work())
    state = WORDS[found.state_on(today(context.clock()))]
    typer.echo(f"{found.number}  {found.name}  {found.credit_code}")
    typer.echo(f"{found.programme}  {found.level or '不评等级'}  {state}")
    typer.echo(f"有效期 {found.valid_from} 至 {found.valid_to}  密钥 {found.key}")
    if found.replaces or found.replaced_by:
        typer.echo(f"替换 {found.replaces or '—'}，被替换为 {found.replaced_by or '—'}")
    typer.echo(_url(context, found))
    for line in lines:
        at = f"{line.at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        people = "、".join(filter(None, (line.by, line.second)))
        because = "：".join(filter(None, (REASON_WORDS.get(line.reason, ""), line.words)))
        typer.echo(f"  {at}  {line.action} → {line.after}  {people}  {plain(because)}")


@app.command()
def resign(
    ctx: typer.Context,
    vouched_by: Annotated[
        str, typer.Option(help="连失窃以后登记的证书也重新签名：两位担保人，用逗号分开")
    ] = "",
) -> None:
    """用现在的密钥给全部在用的证书重新签名；中断以后再执行一次，会接着做。"""
    context = current(ctx)
    issuer = issuer_of(context)
    names = [name.strip() for name in vouched_by.replace("，", ",").split(",") if name.strip()]

    async def work() -> certificate_signing.Progress:
        return await certificate_signing.sign_all_again(
            issuer=issuer,
            vouchers=names,
            now=context.clock(),
            say=lambda done: typer.echo(f"  已签 {done} 张"),
        )

    done = told(context, work())
    typer.echo(f"重新签名 {done.done} 张")
    if done.refused:
        typer.echo(
            f"有 {done.refused} 张没有签名：找不到签发的依据，或内容放不进二维码。"
            "编号见日志 certificate_without_decision、certificate_not_signable"
        )
    if done.suspect:
        typer.echo(
            f"还有 {done.suspect} 张是在密钥失窃以后登记的，没有重新签名。逐张核实后，"
            "由两人担保：certificates resign --vouched-by 姓名,姓名"
        )


def _change(
    ctx: typer.Context, number: str, action: Action, reason: Reason, said: tuple[str, str, str]
) -> None:
    context, (by, second, words) = current(ctx), said
    done = certificate_life.change(
        number, action, reason=reason, words=words, second=second, actor=Staff(by),
        now=context.clock(),
    )  # fmt: skip
    found = told(context, done)
    typer.echo(f"{found.number} {WORDS[found.state_on(today(context.clock()))]}")


def _url(context: Context, found: Certificate) -> str:
    if found.token is None:
        return "还没有签名，请稍后再看"
    return address(context.config.public_url, found.number, found.token)


def issuer_of(context: Context) -> Issuer:
    found = open_issuer(context.placed)
    if found is None:
        fail("没有数据文件夹，不能签名")
    return found
