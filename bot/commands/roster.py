"""`roster`: the associations' member rosters, read from CSV and Excel files."""

from hashlib import file_digest
from pathlib import Path
from typing import Annotated

import typer

from bot.clients.spreadsheets import UnreadableTable, rows_of
from bot.commands.context import Context, current, fail
from bot.deps import open_vault
from bot.domain.actors import Staff
from bot.domain.rosters import NEEDED, OPTIONAL, BadRoster
from bot.processes import run_async
from bot.services import rosters

ASSOCIATION = "中国中小企业协会"
WORDS = {
    "enterprises": "新企业",
    "names": "更名",
    "registrations": "企业信息",
    "memberships": "会员资格",
    "contacts": "联系人",
    "contacts ended": "不再是联系人",
}

app = typer.Typer(help="会员名册：从 CSV 或 Excel 导入。", no_args_is_help=True)


@app.callback()
def roster() -> None:
    """Keeps `import` a command of its own although it is the only one."""


@app.command("import")
def import_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="名册文件：.csv 或 .xlsx，第一行是列名")],
    by: Annotated[str, typer.Option(help="经办人姓名，记入审计")],
    association: Annotated[str, typer.Option(help="哪个协会的名册")] = ASSOCIATION,
) -> None:
    """导入名册：有一处不对就全部不导入，逐行逐列指出；同一份文件再导一次什么也不变。"""
    try:
        done = run_async(_import(current(ctx), file, by, association))
    except BadRoster as refusal:
        many = len(refusal.problems)
        more = "（只列出前面这些）" if many >= rosters.MOST_PROBLEMS else ""
        fail(f"{file} 没有导入，有 {many} 处问题{more}：\n{refusal}", code=2)
    except UnreadableTable as unreadable:
        fail(f"{file} 没有导入：{unreadable}", code=2)
    except OSError:
        fail(f"{file}：打不开，请检查文件名和权限", code=2)
    if not done.changed:
        typer.echo(f"共 {done.rows} 家，与现有名册完全一致，没有改动")
        return
    told = "，".join(f"{WORDS[name]} {count}" for name, count in done.changes.items() if count)
    typer.echo(f"已导入 {done.rows} 家：{told}")


@app.command()
def columns() -> None:
    """列出名册可以有哪些列。"""
    typer.echo(f"必须有：{'、'.join(NEEDED)}")
    typer.echo(f"可以有：{'、'.join(OPTIONAL)}")


async def _import(context: Context, file: Path, by: str, association: str) -> rosters.Imported:
    with file.open("rb") as opened:
        sha256 = file_digest(opened, "sha256").hexdigest()
    async with context.database():
        with rows_of(file) as rows:
            return await rosters.take(
                rows,
                association=association,
                sha256=sha256,
                vault=open_vault(context.config),
                actor=Staff(by),
                now=context.clock(),
            )
