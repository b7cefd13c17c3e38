"""Reads files, then forks whenever asked and tells each asker how its process ended.

    python -m tests.nursery.mother product|tests

Her door is her standard input. She goes on until she is told to end, as when her starter is gone.
Nothing of the product is imported at the top: what was there before the probes is not counted.
"""

import array
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
FILES = 3  # standard input, output and errors


def read_product() -> None:
    """What the commands of the product read until they begin their work."""
    from bot import web
    from bot.commands import __path__ as commands_in

    commands = [f"bot.commands.{module.name}" for module in pkgutil.iter_modules(commands_in)]
    for name in ("bot.worker", "bot.sandbox.app", "openpyxl", *commands):
        importlib.import_module(name)
    web.read_files()


def read_tests() -> None:
    """Every test, and all that they import."""
    import pytest

    with contextlib.redirect_stdout(io.StringIO()):  # what is wrong is told by whoever runs them
        pytest.main(["--collect-only", "-q", "-n0", "-p", "no:cacheprovider", "-p", PROBES])


READS: Mapping[str, Callable[[], None]] = {"product": read_product, "tests": read_tests}


def keep(door: socket.socket) -> None:
    woken, wake = os.pipe2(os.O_NONBLOCK)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for one in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(one, lambda *_: None)
    askers: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([door, woken], [], [])
        if woken in ready:
            if signal.SIGTERM in os.read(woken, 4096):
                return
            _tell_ended(askers)
        if door in ready:
            asker, _ = door.accept()
            pid = _fork(asker)
            asker.sendall(b"%d\n" % pid)
            askers[pid] = asker


def _tell_ended(askers: dict[int, socket.socket]) -> None:
    while askers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with contextlib.suppress(BrokenPipeError), askers.pop(pid) as asker:
            asker.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _fork(asker: socket.socket) -> int:
    _, held, _, _ = asker.recvmsg(1, socket.CMSG_SPACE(4 * FILES))
    files = array.array("i", held[0][2])
    with asker.makefile("rb") as words:
        asked = json.loads(words.read())
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        asker.close()
        _become(*asked, files=files, parent=parent)
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
        for one in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(one, signal.SIG_DFL)
        os.setsid()
        die_with_parent(parent, signal.SIGTERM)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
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
        READS[sys.argv[1]]()
        gc.collect()
        gc.freeze()
        assert threading.active_count() == 1, "only the thread that forks lives on in what it forks"
        keep(door)
        place.unlink()
        place.parent.rmdir()


if __name__ == "__main__":
    main()
