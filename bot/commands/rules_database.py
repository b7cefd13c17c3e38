"""What the `rules` commands ask of the database, each in a loop and a connection of its own."""

from collections.abc import Coroutine, Iterator
from datetime import date
from typing import Any, TypeVar

from bot.commands.context import Context
from bot.commands.rules_text import comparison_lines
from bot.processes import run_async
from bot.scoring.pack import Pack
from bot.services import dry_runs

T = TypeVar("T")


def diff_lines(context: Context, old: Pack, new: Pack, as_of: date) -> Iterator[str]:
    """What `rules diff --database` prints."""
    found = in_database(context, dry_runs.dry_run(old, new, basis="verified", as_of=as_of))
    yield (
        f"共 {found.enterprises} 家：等级变化 {found.moved} 家，"
        f"只有分数或明细变化 {found.changed} 家。"
    )
    _, *rest = comparison_lines(found.comparison)
    yield from rest
    if found.moved > len(found.told):
        yield ""
        yield f"（只列出前 {len(found.told)} 家，合计包括全部企业）"


def in_database(context: Context, work: Coroutine[Any, Any, T]) -> T:
    """Run one piece of work on the database, in a loop of its own."""

    async def inside() -> T:
        async with context.database():
            return await work

    try:
        return run_async(inside())
    finally:
        work.close()  # the database may have been out of reach
