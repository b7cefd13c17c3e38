"""`rules statements`: financial statements as an Excel file, to fill in and to read back."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.clients.statements import LARGEST, read_statements, template
from bot.commands.context import current, fail
from bot.commands.rules_text import table
from bot.domain.errors import DomainError
from bot.scoring.canonical import canonical, plain
from bot.scoring.facts_reader import FORMAT
from bot.scoring.library import shipped_pack, versions
from bot.scoring.pack import Statement

BEIJING = ZoneInfo("Asia/Shanghai")

statements = typer.Typer(help="财务报表：生成 Excel 模板，读回填好的。", no_args_is_help=True)

Scheme = Annotated[str | None, typer.Option(help="评价体系的编号；只有一个要报表时不用写")]


@statements.command("template")
def write_template(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="要生成的 .xlsx 文件")],
    year: Annotated[
        int | None, typer.Option(help="最近的年度，默认去年", min=1952, max=2999)
    ] = None,
    scheme: Scheme = None,
) -> None:
    """生成一份空的模板，每张表一个工作表。"""
    wanted = _statement(scheme)
    latest = _today(ctx).year - 1 if year is None else year
    _write_new(_excel(file), template(wanted, latest))
    typer.echo(f"已生成 {file}：填好以后用 rules statements read 读回")


@statements.command()
def read(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="填好的 .xlsx 文件")],
    facts: Annotated[Path | None, typer.Option(help="写成企业事实文件（.json）")] = None,
    as_of: Annotated[str | None, typer.Option(help="评价日，默认今天")] = None,
    scheme: Scheme = None,
) -> None:
    """读回填好的报表；有一处不对就全部不收，逐处指出。"""
    day = _today(ctx) if as_of is None else _day(as_of)
    wanted = _statement(scheme)
    try:
        rows = read_statements(wanted, _bytes(_excel(file)), as_of=day)
    except DomainError as refusal:
        fail(f"{file} 没有收下：\n{refusal}", code=2)
    if facts is None:
        _show(wanted, rows)
        return
    if facts.suffix != ".json":
        fail(f"{facts}：企业事实文件请以 .json 结尾", code=2)
    _write_new(facts, canonical({"format": FORMAT, "records": rows}) + b"\n")
    typer.echo(f"已写入 {facts}：{len(rows)} 个年度")


def _statement(scheme: str | None) -> Statement:
    """The items that a scheme asks for; without a name, of the only one that asks for any."""
    try:
        packs = [shipped_pack(name) for name in ([scheme] if scheme else versions())]
    except DomainError as refusal:
        fail(str(refusal), code=2)
    found = [pack for pack in packs if pack.statement is not None]
    if len(found) != 1 or found[0].statement is None:
        fail("请用 --scheme 指定一个要报表的评价体系，见 rules list", code=2)
    return found[0].statement


def _show(wanted: Statement, rows: list[dict[str, Any]]) -> None:
    years = [str(row["year"]) for row in rows]
    amounts: list[Mapping[str, Decimal]] = [row["items"] for row in rows]
    lines = [
        (item, *(plain(year[item]) if item in year else "" for year in amounts))
        for item in wanted.items
        if any(item in year for year in amounts)
    ]
    for line in table(("科目（元）", *years), lines):
        typer.echo(line)


def _today(ctx: typer.Context) -> date:
    return current(ctx).clock().astimezone(BEIJING).date()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"--as-of：{text}：不是日期，例如 2026-03-01", code=2)


def _excel(file: Path) -> Path:
    if file.suffix != ".xlsx":
        fail(f"{file}：请用 .xlsx 文件", code=2)
    return file


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)  # one byte more is enough to be refused
    except OSError:
        fail(f"{file}：打不开这个文件", code=2)


def _write_new(file: Path, data: bytes) -> None:
    """Never over a file that is there: it may be the one that somebody has filled in."""
    try:
        with file.open("xb") as opened:
            opened.write(data)
    except FileExistsError:
        fail(f"{file}：已经有这个文件，请换一个名字", code=2)
    except OSError:
        fail(f"{file}：写不了这个文件，请检查目录", code=2)
