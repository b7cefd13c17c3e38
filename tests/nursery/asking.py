"""How a mother is begun, and asked for a process; light, because an interpreter waits for it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_mothers: list["subprocess.Popen[bytes]"] = []


def begin(reads: str) -> str:
    """Start a mother that dies with this process; the place where she answers, once she has read.

    The door is open from the beginning: who comes too early waits in front of it.
    """
    from bot.processes import die_with_parent

    place = str(Path(tempfile.mkdtemp(prefix="nursery-")) / "door")
    parent = os.getpid()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(place)
        door.listen(64)
        mother = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery.mother", reads],
            stdin=door,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent, signal.SIGTERM),  # noqa: PLW1509  # no threads yet
        )
    _mothers.append(mother)  # nobody waits for her: she ends with us
    return place


def ask(
    place: str, module: str, words: Sequence[str], env: Mapping[str, str], files: Sequence[int]
) -> socket.socket:
    """Run `python -m module words…` with this environment on these files (in, out, errors).

    The answer says two lines: which process it is, and how it ended.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place)
    socket.send_fds(connection, [b"\0"], list(files))
    connection.sendall(json.dumps([module, words, dict(env)]).encode())
    connection.shutdown(socket.SHUT_WR)
    return connection
