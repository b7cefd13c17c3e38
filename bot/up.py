"""`./run`: everything on one machine: database, cache, web, worker and the simulated WeChat."""

import fcntl
import gc
import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from urllib.error import URLError

from bot import telemetry
from bot.config import Config
from bot.embedded.postgres import STOP_WITH as STOP_POSTGRES
from bot.embedded.postgres import EmbeddedPostgres
from bot.embedded.valkey import EmbeddedValkey
from bot.processes import Child, Supervisor, fork_apart, stop, stop_asked

READY_PATIENCE_S = 60.0
NOTHING_TO_DO = 3  # `demo` on a database that has data of its own
PATIENCE_S = 20.0  # longer than the web processes wait for what is in flight
LOG = "run.log"
DEMO_NOTE = "demo.txt"  # what `demo` leaves in the folder: what there is to try
LOG_BYTES = 20 * 1024 * 1024
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever http_proxy says


class CannotStartError(Exception):
    """Carries the sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What `./run` works with: the embedded servers are None where an address was given."""

    config: Config
    state_dir: Path
    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None
    read: Callable[[], None]
    """Reads what the commands have in common; a second of work, so it is done once for all."""
    perform: Callable[[Sequence[str]], int]
    """Runs one of our commands to its end."""


def start_everything(
    machine: Machine, *, clock: Callable[[], datetime], say: Callable[[str], None]
) -> int:
    """Run until a signal comes. The second `./run` of a checkout only tells the addresses."""
    config, folder = machine.config, machine.state_dir
    _make(folder)
    with (folder / "up.lock").open("a") as lock, (folder / LOG).open("ab") as log:
        if not _only_one(lock):
            say("已经在运行。\n" + addresses(config, folder))
            return 0
        telemetry.configure(level=config.log_level, clock=clock, stream=log)
        _check_ports(config)
        for server in (machine.postgres, machine.valkey):
            if server:
                server.prepare()
        say(f"正在启动……（日志在 {folder / LOG}）")
        machine.read()
        gc.freeze()  # what is shared with the children stays so: no collection writes into it
        commands = Commands(machine.perform, lock)
        children = _children(machine, commands, log, say)
        return Supervisor(children).run(when_started=lambda: _greet(machine, commands, say))


def addresses(config: Config, folder: Path | None = None) -> str:
    lines = [
        f"  公示的信用承诺  {config.public_url}/public/commitments",
        f"  查验证书        {config.public_url}/v",
        f"  接口文档        {config.public_url}/api/docs",
    ]
    if config.sandbox:
        lines.insert(0, f"  模拟微信的手机  {config.sandbox_url}/")
    if folder is not None and (note := folder / DEMO_NOTE).exists():
        lines.append(note.read_text(encoding="utf-8"))
    return "\n".join(lines)


class Commands:
    """Our own commands, each in a process forked from this one."""

    def __init__(self, perform: Callable[[Sequence[str]], int], lock: IO[str]) -> None:
        self._perform, self._lock = perform, lock

    def start(self, words: str, output: IO[bytes]) -> int:
        def run() -> int:
            self._lock.close()  # it is held as long as anybody has it open
            return self._perform(words.split())

        return fork_apart(run, name=f"credit-{words}", output=output)

    def run(self, words: str, fault: str) -> None:
        """One command to its end or to Ctrl-C's; like everything started here it dies with us."""
        with TemporaryFile() as said:
            pid = self.start(words, said)
            while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
                if stop_asked():
                    stop(pid, signal.SIGTERM, PATIENCE_S)
                    return
                time.sleep(0.02)
            if os.waitstatus_to_exitcode(ended[1]) not in {0, NOTHING_TO_DO}:
                said.seek(0)
                raise CannotStartError(f"{fault}：\n{said.read().decode(errors='replace').strip()}")

    def migrate(self) -> None:
        self.run("migrate", "数据库结构升级失败")


def _children(
    machine: Machine, commands: Commands, log: IO[bytes], say: Callable[[str], None]
) -> list[Child]:
    postgres, valkey = machine.postgres, machine.valkey

    def command(name: str) -> Child:
        return Child(name, partial(commands.start, name, log), patience_s=PATIENCE_S)

    def database() -> int:
        assert postgres  # noqa: S101  # only called when there is one
        pid = postgres.start()
        try:
            commands.migrate()
        except CannotStartError:
            stop(pid, STOP_POSTGRES, 30.0)
            raise
        return pid

    def work() -> int:
        """What there is to show is made while the pages start, and before anybody works on it."""
        if postgres and not worker.started_at:
            _show_something(machine, commands, say)
        return commands.start("worker", log)

    worker = Child("worker", work, patience_s=PATIENCE_S)
    children = []
    if valkey:
        children.append(Child("valkey", valkey.start))
    if postgres:
        children.append(Child("postgres", database, stop_with=STOP_POSTGRES, patience_s=30.0))
    else:
        commands.migrate()
    children.append(command("web"))
    if machine.config.sandbox:
        children.append(command("sandbox"))
    return [*children, worker]


def _show_something(machine: Machine, commands: Commands, say: Callable[[str], None]) -> None:
    """Load the demonstration on the first start; a database with other data stays as it is."""
    config, note = machine.config, machine.state_dir / DEMO_NOTE
    if config.demo and config.sandbox and not config.production and not note.exists():
        try:
            commands.run("demo", "演示数据没有写成，其余照常启动")
        except CannotStartError as fault:
            say(str(fault))


def _show_menu(commands: Commands, say: Callable[[str], None]) -> None:
    """The simulated account shows our menu as the real one would; published once it differs."""
    try:
        commands.run("wechat menu --publish", "菜单没有发布")
    except CannotStartError as error:
        say(str(error))


def _make(folder: Path) -> None:
    """Make the state folder and its parents so that the servers' account may pass through."""
    for part in (*reversed(folder.parents), folder):
        try:
            part.mkdir()
            part.chmod(0o755)
        except FileExistsError:
            continue
        except OSError as error:
            raise CannotStartError(
                f"不能建立数据文件夹 {folder}：{error.strerror}。"
                "请用 CREDIT_STATE_DIR 指定一个可写的文件夹"
            ) from None
    log = folder / LOG
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.rename(folder / f"{LOG}.1")


def _only_one(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _check_ports(config: Config) -> None:
    for name, port in config.ports():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise CannotStartError(
                    f"端口 {port} 已被别的程序占用。请关掉它，或换一个端口再启动，例如："
                    f"CREDIT_{name}={port + 1000} ./run"
                ) from None


def _greet(machine: Machine, commands: Commands, say: Callable[[str], None]) -> None:
    """Wait until the product answers, then say where it is. A signal ends the waiting."""
    config, folder = machine.config, machine.state_dir
    deadline = time.monotonic() + READY_PATIENCE_S
    while time.monotonic() < deadline:
        if stop_asked():
            return
        if _ready(config):
            say("已启动，按 Ctrl-C 停止。\n" + addresses(config, folder))
            if config.sandbox:
                _show_menu(commands, say)
            return
        time.sleep(0.05)
    say("还没有全部就绪，原因见日志；按 Ctrl-C 停止。\n" + addresses(config, folder))


def _ready(config: Config) -> bool:
    urls = [f"http://127.0.0.1:{config.web_port}/readyz"]
    if config.sandbox:
        urls.append(f"{config.sandbox_url}/")
    try:
        for url in urls:
            with DIRECTLY.open(url, timeout=3) as answer:
                if answer.status != 200:
                    return False
    except (URLError, OSError, json.JSONDecodeError):
        return False
    return True
