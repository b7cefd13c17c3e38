"""Real processes of the product, forked from one that has read its files: each is there at once.

`python -m bot …` needs a second of processor time to read them, modules above all, and the tests
start hundreds of such commands. What runs is the same module as __main__, with arguments,
environment and output of its own; that `./run` starts from nothing is shown in tests/faults.
"""

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, NoReturn

from bot import web
from bot.commands import __path__ as commands_in
from bot.processes import die_with_parent

READ_BEFORE = ("bot.worker", "bot.sandbox.app", "openpyxl")


class Forked:
    """A started process; its methods are those of subprocess.Popen."""

    def __init__(self, connection: socket.socket) -> None:
        self._words = connection.makefile("rb")
        connection.close()
        self.pid = int(self._words.readline())
        self.returncode: int | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._await_end, daemon=True).start()

    def _await_end(self) -> None:
        self.returncode = int(self._words.readline() or b"1")
        self._words.close()
        self._ended.set()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(module: str, *words: str, env: Mapping[str, str], output: IO[bytes] | int) -> Forked:
    """Run `python -m module words…` with this environment and nothing else of ours."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(_kindergarten())
    fd = output if isinstance(output, int) else output.fileno()
    socket.send_fds(connection, [b"\0"], [fd])
    connection.sendall(json.dumps([module, words, dict(env)]).encode())
    connection.shutdown(socket.SHUT_WR)
    return Forked(connection)


@cache
def _kindergarten() -> str:
    """Start the process that forks, once for each test process; answer where it listens."""
    folder = tempfile.mkdtemp(prefix="forked-")
    place = str(Path(folder) / "socket")
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.forked", place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )

    def end() -> None:
        assert parent.stdin
        parent.stdin.close()
        parent.wait(30)
        Path(folder).rmdir()

    assert parent.stdout
    assert parent.stdout.readline() == b"ready\n"
    atexit.register(end)
    return place


def _keep(place: str) -> None:
    """Fork whenever asked, tell each asker how its process ended, until our own starter is gone."""
    commands = [f"bot.commands.{module.name}" for module in pkgutil.iter_modules(commands_in)]
    for name in (*READ_BEFORE, *commands):
        importlib.import_module(name)
    web.read_files()
    gc.collect()
    gc.freeze()
    woken, wake = os.pipe2(os.O_NONBLOCK)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    door = socket.socket(socket.AF_UNIX)
    door.bind(place)
    door.listen(64)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    askers: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([door, sys.stdin, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ended(askers)
        if sys.stdin in ready:
            break
        if door in ready:
            asker, _ = door.accept()
            pid = _fork(asker)
            asker.sendall(b"%d\n" % pid)
            askers[pid] = asker
    Path(place).unlink()


def _tell_ended(askers: dict[int, socket.socket]) -> None:
    while askers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with contextlib.suppress(BrokenPipeError), askers.pop(pid) as asker:
            asker.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _fork(asker: socket.socket) -> int:
    _, held, _, _ = asker.recvmsg(1, socket.CMSG_SPACE(4))
    output = array.array("i", held[0][2])[0]
    with asker.makefile("rb") as words:
        asked = json.loads(words.read())
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        asker.close()
        _become(*asked, output=output, parent=parent)
    os.close(output)
    return pid


def _become(
    module: str, words: list[str], env: dict[str, str], *, output: int, parent: int
) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        die_with_parent(parent, signal.SIGTERM)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
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
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _keep(sys.argv[1])
