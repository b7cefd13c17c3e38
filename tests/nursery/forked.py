"""Real processes of the product, as tests start them."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from functools import cache
from typing import IO

from tests.nursery.asking import ask, begin

PLACE = "TEST_KINDERGARTEN"  # of the whole run; a test file that is run alone has its own


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
    out = output if isinstance(output, int) else output.fileno()
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        return Forked(ask(_kindergarten(), module, words, env, (nothing.fileno(), out, out)))


@cache
def _kindergarten() -> str:
    return os.environ.get(PLACE) or begin("product")
