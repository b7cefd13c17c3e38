"""Pages of papers, put into a folder as pictures for whoever decides at the command line."""

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePath
from uuid import UUID

import typer

from bot.commands.context import Context, fail, save
from bot.deps import open_cabinet
from bot.domain.actors import Staff
from bot.domain.files import SUFFIX
from bot.services import leafing


async def put(papers: Sequence[UUID], folder: Path, *, by: str, why: str, context: Context) -> None:
    """Open one page after the other and say where it lies; who did it and why is written down."""
    _check(folder)
    async with open_cabinet(context.placed) as cabinet:
        if cabinet is None:
            fail("没有设置文件存放的位置")
        for number, paper in enumerate(papers, start=1):
            leaves = leafing.pages(
                paper, actor=Staff(by), why=why, now=context.clock(), cabinet=cabinet
            )
            page = 0
            async for leaf in leaves:
                page += 1
                name = f"{number:02}-{page:03}-{PurePath(leaf.name).stem}{SUFFIX[leaf.media_type]}"
                await asyncio.to_thread(save, folder / name, leaf.data)
                typer.echo(folder / name)


def _check(folder: Path) -> None:
    """Nothing is opened that could not be put there."""
    if not folder.is_dir():
        fail(f"没有这个文件夹：{folder}")
