"""Reads files, then forks whenever asked and tells each asker how its process ended.

    python -m tests.nursery.mother product|tests

Her door is her standard input. She goes on until she is told to end, as when her starter is gone.
Nothing of the product is imported at the top: what was there before the probes is not counted.
"""

import array
import asyncio
import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

PROBES = "tests.probes"
# What only some of the product's processes read, or all of them late.
WHEN_NEEDED = (
    "uvloop",
    "typer._adapters",
    "openpyxl",
    "fontTools.ttLib.ttFont",
    "bot.clients.sealing",
    "tortoise.migrations.loader",
)
FILES = 3  # standard input, output and errors
SIGNALS = (signal.SIGCHLD, signal.SIGTERM)


def read_product() -> None:
    """What the commands of the product read until they begin their work."""
    from bot import web
    from bot.commands import __path__ as commands_in

    commands = [f"bot.commands.{module.name}" for module in pkgutil.iter_modules(commands_in)]
    for name in ("bot.worker", "bot.sandbox.app", *WHEN_NEEDED, *commands):
        importlib.import_module(name)
    web.read_files()
    asyncio.run(_learn_tables())


async def _learn_tables() -> None:
    """What the ORM keeps of them for good when it is told of them first; connects to nothing."""
    from tortoise import context

    from bot.clients.database import close_database, open_database

    await close_database(await open_database("postgres://nobody@/nowhere", pool=1, application=""))
    context._global_context = None


def read_tests() -> None:
    """Every test, and all that they import."""
    import pytest

    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        code = pytest.main(["--collect-only", "-q", "-n0", "-p", "no:cacheprovider", "-p", PROBES])
    if code:
        sys.stderr.write(told.getvalue())


READS: Mapping[str, Callable[[], None]] = {"product": read_product, "tests": read_tests}


class Mother:
    """Goes on until she is told to end."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._askers: dict[int, socket.socket] = {}
        """By the process that each was given."""
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for one in SIGNALS:
            signal.signal(one, lambda *_: None)

    def keep(self) -> None:
        waiting = select.poll()
        for file in (self._woken, self._door):
            waiting.register(file, select.POLLIN)
        while True:
            ready = {file for file, _ in waiting.poll()}
            for pid, asker in self._askers.items():
                if asker.fileno() in ready:  # whoever asked for it is gone, however it went
                    waiting.unregister(asker)
                    os.kill(pid, signal.SIGTERM)
            if self._woken in ready:
                if signal.SIGTERM in os.read(self._woken, 4096):
                    return
                self._tell_ended(waiting)
            if self._door.fileno() in ready:
                self._take(waiting)

    def _take(self, waiting: select.poll) -> None:
        asker, _ = self._door.accept()
        try:
            pid = _fork(asker)
        except (OSError, LookupError, ValueError):  # it was gone before it had said what
            asker.close()
            return
        self._askers[pid] = asker
        waiting.register(asker, 0)  # tells of its end alone
        with contextlib.suppress(OSError):
            asker.sendall(b"%d\n" % pid)

    def _tell_ended(self, waiting: select.poll) -> None:
        while self._askers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self._askers.pop(pid) as asker, contextlib.suppress(OSError, KeyError):
                waiting.unregister(asker)
                asker.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _fork(asker: socket.socket) -> int:
    _, held, _, _ = asker.recvmsg(1, socket.CMSG_SPACE(4 * FILES))
    files = array.array("i", held[0][2])
    with asker.makefile("rb") as words:
        asked = json.loads(words.read())
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until the child's are its own
    pid = os.fork()
    if pid == 0:
        _become(*asked, files=files, parent=parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    for file in files:
        os.close(file)
    return pid


def _become(
    module: str, words: list[str], env: dict[str, str], *, files: "array.array[int]", parent: int
) -> NoReturn:
    from bot.processes import die_with_parent  # after the probes were set

    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for one in SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        os.setsid()
        die_with_parent(parent, signal.SIGTERM)
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.closerange(FILES, os.sysconf("SC_OPEN_MAX"))  # her door, and what others hold
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  # nothing that she has read
        os.environ.clear()
        os.environ.update(env)
        sys.argv[1:] = words
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1 if stop.code else 0
        if isinstance(stop.code, str):
            sys.stderr.write(stop.code + "\n")
    except BaseException:  # noqa: BLE001  # said as Python says it; nothing returns from here
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    with socket.socket(fileno=os.dup(0)) as door:
        place = Path(door.getsockname())
        signal.signal(signal.SIGTERM, lambda *_: os._exit(_tidy(place)))
        try:
            gc.disable()  # what is read stays: to look through it again and again costs a sixth
            READS[sys.argv[1]]()
            gc.collect()
            gc.freeze()
            gc.enable()
            assert threading.active_count() == 1, "only the thread that forks lives on in a fork"
            Mother(door).keep()
        finally:
            _tidy(place)


def _tidy(place: Path) -> int:
    with contextlib.suppress(FileNotFoundError):  # whoever ended the run has cleared everything
        place.unlink()
        place.parent.rmdir()
    return 0


if __name__ == "__main__":
    main()
