"""Where a whole run puts its files: in memory, where there is room for them.

It makes a hundred thousand files and looks at each for seconds. On a disk, whose file system keeps
the places of deleted files for a while, a twentieth of the run's processor time goes into making
them, most of it for copies of whole databases.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 << 30
PREFIX = "credit-"


def settle() -> None:
    """From here on `tempfile` and every child put their files there. Gone with this process's run;
    what a killed run has left goes with the next."""
    if not _suits():
        return
    for left in MEMORY.glob(f"{PREFIX}[0-9]*"):
        pid = left.name.removeprefix(PREFIX)
        if pid.isdigit() and (pid == str(os.getpid()) or not Path("/proc", pid).exists()):
            shutil.rmtree(left, ignore_errors=True)
    _own().mkdir()
    _own().chmod(0o755)  # the servers have an account of their own
    os.environ["TMPDIR"] = tempfile.tempdir = str(_own())


def _suits() -> bool:
    """Also that programs may be run from there: the servers' are copied beside their data."""
    with suppress(OSError):
        found = os.statvfs(MEMORY)
        runs = not found.f_flag & os.ST_NOEXEC
        return runs and os.access(MEMORY, os.W_OK) and found.f_bavail * found.f_frsize > ROOM
    return False


def clear() -> None:
    """What this process has settled, if it has."""
    shutil.rmtree(_own(), ignore_errors=True)


def _own() -> Path:
    """A short name: places of sockets may have a hundred letters in all."""
    return MEMORY / f"{PREFIX}{os.getpid()}"
