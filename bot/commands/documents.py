"""`documents`: seal keys of issuers, checking a sealed PDF, names that no font can print."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from bot.clients import fonts
from bot.commands.context import Context, current, fail, save
from bot.deps import open_press
from bot.domain import remarks
from bot.domain.actors import Staff
from bot.domain.certificates import today
from bot.domain.errors import DomainError
from bot.domain.printing import Document
from bot.domain.reports import Report
from bot.domain.workdays import BEIJING
from bot.processes import run_async
from bot.services import credit_reports, enterprises, paper_samples, rare_texts
from bot.services.paper_samples import Asked

T = TypeVar("T")
KINDS = "项目（证书），或 plaque、letter、report、notice"
Out = Annotated[Path, typer.Option(help="写到哪个文件，.pdf 或 .png", dir_okay=False)]
app = typer.Typer(help="文件：印章的密钥，核对，缺字的名称。", no_args_is_help=True)
rare = typer.Typer(help="打印字体里缺字的名称：查看、处理。", no_args_is_help=True)
app.add_typer(rare, name="rare")

Owner = Annotated[str, typer.Argument(help="发布单位的全称，与证书上的一致")]
File = Annotated[
    Path, typer.Argument(help="带印章的 PDF 文件", exists=True, dir_okay=False, readable=True)
]


@app.command()
def key(ctx: typer.Context, owner: Owner) -> None:
    """为一个发布单位做新的印章密钥；此后的文件用它签，以前签的仍然有效。"""
    from bot.clients import seals

    context = current(ctx)
    made = seals.make(_folder(context), owner=owner, now=context.clock())
    typer.echo(f"已做好 {made.name}，私钥在 {_folder(context)}，请另存一份备份")
    typer.echo("请重新启动后台任务进程，让它改用新密钥")


@app.command()
def keys(ctx: typer.Context) -> None:
    """列出印章密钥，每个发布单位用它最新的一个。"""
    from bot.clients import seals

    found = seals.listed(_folder(current(ctx)))
    for one in found:
        since, until = (day.astimezone(BEIJING).date() for day in (one.since, one.until))
        typer.echo(f"{one.name}  {one.owner}  {since} 至 {until}")
        typer.echo(f"    证书指纹（SHA-256）{one.fingerprint}")
    typer.echo(f"共 {len(found)} 个" if found else "还没有印章密钥：./run documents key 发布单位")


@app.command()
def check(ctx: typer.Context, file: File) -> None:
    """核对一个 PDF：是不是用我们的印章签的，签后有没有改动。"""
    from bot.clients import seals
    from bot.clients.sealing import intact

    context = current(ctx)
    roots = seals.roots(_folder(context))
    if not intact(file.read_bytes(), roots=roots, at=context.clock()):
        fail("不可信：不是用我们的印章签的，或者签后被改动过")
    typer.echo("印章有效，签后没有改动")


@app.command()
def sample(ctx: typer.Context, kind: Annotated[str, typer.Argument(help=KINDS)], out: Out) -> None:
    """做一份样张：证书（写项目的名字）、牌匾、承诺书、报告、公示名单，上面写明是示范文本。"""
    context = current(ctx)
    kinds = paper_samples.kinds()
    if kind not in kinds:
        fail(f"没有这种文件，可以是：{'、'.join(kinds)}")
    asked = Asked(today(context.clock()), context.config.public_url)
    _print(context, kinds[kind](asked), out)


@app.command()
def report(
    ctx: typer.Context, code: Annotated[str, typer.Argument(help="统一社会信用代码")], out: Out
) -> None:
    """出具一家企业的信用评价报告：依据核实过的事实，随它的信用评级证书。"""
    context = current(ctx)

    async def work() -> Report:
        found = await enterprises.by_code(code)
        return await credit_reports.of_enterprise(
            found.id,
            base=context.config.public_url,
            production=context.config.production,
            now=context.clock(),
        )

    _print(context, _run(context, work()), out)


def _print(context: Context, document: Document, out: Path) -> None:
    """A picture where the file is called so, else the PDF with its seal."""
    from bot.clients.seals import NoSealKeyError

    press, now = open_press(context.placed, context.clock), context.clock()
    if press is None:
        fail("这台机器上没有字体，请先执行 ./run")
    try:
        made = run_async(press.make(document, at=now, now=now))
    except NoSealKeyError as missing:
        fail(str(missing))
    finally:
        press.close()
    picture = out.suffix == ".png"
    if picture and made.png is None:
        fail("这种文件没有图片，请写成 .pdf")
    save(out, made.png if picture and made.png else made.pdf)
    typer.echo(f"已写到 {out}")


@rare.command("list")
def list_rare(ctx: typer.Context) -> None:
    """列出打印字体里缺字的名称，最早的在前；证书照常有效，只是先不打印。"""
    context = current(ctx)
    rows = _run(context, rare_texts.listed())
    for row in rows:
        points = "、".join(f"“{char}” U+{ord(char):04X}" for char in row.characters)
        typer.echo(f"{row.id}  {row.found_at.astimezone(BEIJING):%Y-%m-%d}  {row.text}")
        typer.echo(f"    缺 {points}")
    typer.echo(f"共 {len(rows)} 个" if rows else "没有缺字的名称")


@rare.command()
def settle(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="编号，从 list 的第一列复制")],
    by: Annotated[str, typer.Option(help="经办人的姓名")],
    why: Annotated[str, typer.Option(help="依据，写进审计记录")],
    written: Annotated[str, typer.Option(help="改印成的完整名称；不写就是字体已经补好")] = "",
) -> None:
    """处理一个：先把含这个字的字体放进 fonts 文件夹，或者用 --written 写明印成什么。"""
    context = current(ctx)
    try:
        number = UUID(name)
    except ValueError:
        fail("编号不对：请从 rare list 的第一列复制")

    async def work() -> str:
        return await rare_texts.settle(
            number,
            written=written,
            lacking=fonts.reader(context.state_dir),
            actor=Staff(remarks.name(by, what="经办人的姓名")),
            why=why,
            now=context.clock(),
        )

    settled = _run(context, work())
    typer.echo(f"已处理：{settled}" + (f" 印成 {written.strip()}" if written.strip() else ""))
    if not written.strip():
        typer.echo("请重新启动后台任务进程，让它读到新字体")


def _run(context: Context, act: Coroutine[Any, Any, T]) -> T:
    async def work() -> T:
        async with context.database():
            return await act

    try:
        return run_async(work())
    except DomainError as refusal:
        fail(str(refusal))


def _folder(context: Context) -> Path:
    return context.state_dir / "seals"
