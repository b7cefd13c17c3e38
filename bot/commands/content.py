"""`content`: texts that staff edit, out to files and in again, with every version kept."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.context import Context, current, fail
from bot.domain.errors import BadInput, DomainError
from bot.domain.knowledge import KNOWLEDGE, MENU
from bot.domain.workdays import BEIJING
from bot.handlers.wechat.knowledge import shipped
from bot.processes import run_async
from bot.services import content

VERSIONS = "versions.txt"  # which version each file was exported from
Imported = list[tuple[str, int]]

app = typer.Typer(help="公众号的文字和菜单：导出、修改后导入、查看历次版本。", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="文件夹")]


@app.command("export")
def export(ctx: typer.Context, folder: Folder) -> None:
    """把现在用的全部文字写成文件，一项一个。"""
    versions = run_async(_current(current(ctx)))
    for name, version in versions.items():
        file = folder / _file_of(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(version.body, encoding="utf-8")
    lines = [f"{version.number} {name}\n" for name, version in sorted(versions.items())]
    (folder / VERSIONS).write_text("".join(lines), encoding="utf-8")
    typer.echo(f"已导出 {len(versions)} 项到 {folder}")


@app.command("import")
def bring_in(
    ctx: typer.Context,
    folder: Folder,
    by: Annotated[str, typer.Option(help="修改人的姓名")],
    note: Annotated[str, typer.Option(help="为什么改")] = "",
) -> None:
    """把改过的文件存为新版本；只要有一项不对，就一项也不存。知识文件清空即停用。

    菜单（menu/oa.toml）导入以后，还要用 wechat menu --publish 发布。
    """
    try:
        texts, bases = _read(folder)
        done = run_async(_import(current(ctx), texts, bases, by, note))
    except DomainError as refusal:
        fail(str(refusal))
    for name, number in done:
        typer.echo(f"{name} 第 {number} 版")
    typer.echo(f"已更新 {len(done)} 项" if done else "没有改动")


@app.command()
def history(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="例如 message/welcome 或 knowledge/join")],
) -> None:
    """列出一项文字的历次版本，最新的在前。"""
    try:
        versions = run_async(_history(current(ctx), name))
    except DomainError as refusal:
        fail(str(refusal))
    for version in versions:
        when = f"{version.created_at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        typer.echo(f"—— 第 {version.number} 版  {when}  {version.author}  {version.note}".rstrip())
        typer.echo(version.body.rstrip() or "（停用）")


def _file_of(name: str) -> str:
    return f"{name}.toml" if name.startswith((KNOWLEDGE, MENU)) else f"{name}.txt"


def _read(folder: Path) -> tuple[dict[str, str], dict[str, int]]:
    """The texts of a folder, and the versions that they were made from."""
    listed = folder / VERSIONS
    if not listed.is_file():
        raise BadInput(f"{folder} 里没有 {VERSIONS}：请先导出，再在导出的文件上修改。")
    lines = [line.split(" ", 1) for line in listed.read_text(encoding="utf-8").splitlines()]
    bases = {name: int(number) for number, name in lines}
    files = sorted(file for file in folder.glob("*/*") if file.suffix in {".txt", ".toml"})
    texts = {
        f"{file.parent.name}/{file.stem}": file.read_text(encoding="utf-8").strip()
        for file in files
    }
    return texts, bases


async def _current(context: Context) -> dict[str, content.Version]:
    async with context.database():
        await content.seed(shipped.texts(), now=context.clock())
        return await content.newest()


async def _import(
    context: Context, texts: dict[str, str], bases: dict[str, int], by: str, note: str
) -> Imported:
    now: datetime = context.clock()
    async with context.database():
        return await content.publish_changed(
            texts, bases=bases, check=shipped.press().check, author=by, note=note, now=now
        )


async def _history(context: Context, name: str) -> list[content.Version]:
    async with context.database():
        return await content.history(name)
