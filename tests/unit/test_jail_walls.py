"""Behind the walls: what a parser that was taken over would still find that it can do."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

TRY = """
import ctypes, json, os, resource, socket, sys, threading
from bot.domain.files import LIMITS
from bot.jail import walls

def tried(act):
    try:
        act()
    except (OSError, MemoryError, RuntimeError) as error:
        return type(error).__name__
    return "done"

def thread():
    one = threading.Thread(target=lambda: None)
    one.start()
    one.join()

here = os.getpid()
fonts = next((str(one) for one in walls.FONTS if one.is_dir()), "")
missing = walls.put_up()
kept = os.dup(1)
walls.limit(LIMITS)
told = {
    "missing": missing,
    "socket": tried(lambda: socket.socket()),
    "program": tried(lambda: os.execv("/bin/true", ["true"])),
    "process": tried(os.fork),
    "thread": tried(thread),
    "secrets": tried(lambda: open("/proc/self/environ").close()),
    "passwords": tried(lambda: open("/etc/passwd").close()),
    "write": tried(lambda: open("/tmp/jailed", "w").close()),
    "fonts": tried(lambda: os.listdir(fonts)) if fonts else "done",
    "signal": tried(lambda: os.kill(os.getppid(), 0)),
    "memory": tried(lambda: bytearray(LIMITS.memory_bytes)),
    "user": os.geteuid() != 0,
    "limits": [resource.getrlimit(one)[1] for one in (resource.RLIMIT_CPU, resource.RLIMIT_CORE)],
}
os.write(kept, json.dumps(told).encode())
"""


@cache
def told() -> dict:
    done = subprocess.run(
        [sys.executable, "-c", TRY], cwd=Path(__file__).parents[2], capture_output=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "act", ["socket", "program", "process", "secrets", "passwords", "write", "signal", "memory"]
)
def test_a_parser_that_was_taken_over_cannot(act):
    walls = {"secrets": "files", "passwords": "files", "write": "files", "memory": None}
    standing = walls.get(act, "calls") not in told()["missing"]

    assert (told()[act] != "done") == standing


def test_threads_and_the_systems_fonts_are_left_to_it_and_root_is_not():
    assert (told()["thread"], told()["fonts"], told()["user"]) == ("done", "done", True)
    assert told()["limits"] == [10, 0]


def test_on_this_kernel_the_forbidden_calls_are_walled_off():
    assert "calls" not in told()["missing"]
