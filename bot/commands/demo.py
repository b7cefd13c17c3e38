"""`demo`: invented enterprises, people and certificates to look at and to measure with."""

from typing import Annotated

import typer

from bot.clients.database import close_database, open_database
from bot.commands.certificates import issuer_of
from bot.commands.context import Context, current, fail
from bot.deps import open_cabinet, open_vault
from bot.processes import run_async
from bot.sandbox.logins import phone_of
from bot.sandbox.people import FIRST_PEOPLE
from bot.services import demo as service
from bot.services.demo import Made
from bot.services.demo_cast import Phone, Phones
from bot.services.demo_steps import OtherData
from bot.up import DEMO_NOTE, NOTHING_TO_DO


def mount(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    ctx: typer.Context,
    enterprises: Annotated[
        int, typer.Option(min=service.LEAST, help="企业数；比现有的多时补足")
    ] = service.ENTERPRISES,
) -> None:
    """写入演示数据：两个协会、几百家虚构企业、各种状态的承诺和证书；重复执行不会重复写入。"""
    context = current(ctx)
    if context.config.production:
        fail("生产环境不能写入演示数据")
    try:
        text = words(context, load(context, enterprises))
    except OtherData as refusal:
        fail(str(refusal), code=NOTHING_TO_DO)
    (context.state_dir / DEMO_NOTE).write_text(text, encoding="utf-8")
    typer.echo(text)


def load(context: Context, enterprises: int) -> Made:
    phones, _ = _phones(context)

    async def work() -> Made:
        database = await open_database(context.database_url, pool=4, application="credit-command")
        try:
            async with open_cabinet(context.placed) as cabinet:
                assert cabinet is not None  # noqa: S101  # there is a folder
                return await service.load(
                    enterprises, phones=phones, issuer=issuer_of(context), cabinet=cabinet,
                    vault=open_vault(context.config), now=context.clock(),
                )  # fmt: skip
        finally:
            await close_database(database)

    return run_async(work())


def words(context: Context, made: Made) -> str:
    """Which phone is whose, what each can show, and three certificates to try."""
    phones, stranger = _phones(context)
    counts = "，".join(f"{name} {count}" for name, count in made.counts.items())
    return "\n".join(
        (
            f"演示数据（全部虚构）：{counts}",
            f"  {phones.owner.name}（老板）  {made.owned}的法定代表人",
            "      看：已公示的承诺、两次自评、证书、退回补正的申报；同事里有一个申请等他确认",
            f"  {phones.agent.name}（会计）  {made.owned}、{made.in_shanxi}的经办人",
            "      看：待缴费、待受理、核实中、不予受理的申报，没做完的自评",
            f"  {phones.lapsed.name}（老会员）  {made.lapsed}的法定代表人",
            "      看：会员资格到期，承诺签好待缴费，绑定快到期要续",
            f"  {phones.claimant.name}（新来的）  还不能办理：一个绑定申请等审核，一个有争议",
            f"  {stranger}（路人）  没有绑定企业，可以从头试一遍",
            f"  有效的证书      {made.valid}",
            f"  已撤销的证书    {made.revoked}",
            f"  伪造的证书      {made.forged}",
        )
    )


def _phones(context: Context) -> tuple[Phones, str]:
    """The first people of the simulated WeChat, with the numbers that it vouches for; and whoever
    has nothing to show."""
    appid = context.config.oa_appid
    owner, agent, stranger, lapsed, claimant = (
        Phone(appid, openid, name, phone_of(openid)) for openid, name, _ in FIRST_PEOPLE
    )
    return Phones(owner, agent, lapsed, claimant), stranger.name
