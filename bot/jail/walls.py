"""The walls: what the kernel lets a reader of strangers' files do, whatever is in the file.

Limits on memory, time and output hold everywhere. The others are put up where the kernel has them:
no network and no other program (seccomp, a network of its own), no file but the system's fonts
(Landlock), no right of root. Each failure to put one up is told to the caller, who logs it.
"""

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.domain.files import Limits

NOBODY = 65534
FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
OPEN_FILES = 64

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_FILTER = 38, 22, 2
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000

# socket connect bind listen accept execve ptrace mount unshare setns process_vm_readv/writev
# accept4 bpf execveat userfaultfd io_uring_setup pidfd_getfd socketpair kill tkill tgkill
_FORBIDDEN = {
    "x86_64": (
        0xC000003E,
        (41, 42, 49, 50, 43, 59, 101, 165, 272, 308, 310, 311, 288, 321, 322, 323, 425, 438, 53, 62,
         200, 234),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 203, 200, 201, 202, 221, 117, 40, 97, 268, 270, 271, 242, 280, 281, 282, 425, 438,
         199, 129, 130, 131),
    ),
}  # fmt: skip
# clone; clone3; fork and vfork
_FORKS = {"x86_64": (56, 435, (57, 58)), "aarch64": (220, 435, ())}
_CLONE_THREAD = 0x10000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # denied calls answer EPERM
_UNKNOWN = 0x00050026  # ENOSYS: the library falls back to the older call
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_FOREIGN_CALLS = 0x40000000  # x86-64's second numbering


class WallMissing(OSError):
    """This kernel, or this container, does not put up that wall."""


def put_up() -> list[str]:
    """Wall in this process and all its children, for ever; answers which walls are missing."""
    steps: Sequence[tuple[str, Callable[[], None]]] = (
        ("network", _own_network),
        ("root", _become_nobody),
        ("privileges", _no_new_privileges),
        ("files", _no_files),
        ("calls", _no_calls),
    )
    missing = []
    for name, step in steps:
        try:
            step()
        except OSError:
            missing.append(name)
    return missing


def limit(limits: Limits) -> None:
    """Limit this one process; what goes past the limits dies or is told that there is no more."""
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.output_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    signal.setitimer(signal.ITIMER_REAL, limits.wall_s)
    with contextlib.suppress(WallMissing):  # the keeper told of it
        _no_children()


def _own_network() -> None:
    """A network without a way out, or at least one that nobody else is in."""
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWUSER | _CLONE_NEWNET
    _done(_LIBC.unshare(flags))


def _become_nobody() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _no_new_privileges() -> None:
    _done(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _no_files() -> None:
    """Landlock: everything that has to do with files is denied, but reading the fonts."""
    create, add, restrict = 444, 445, 446
    version = _LIBC.syscall(create, None, 0, 1)
    _done(version)
    handled = (1 << {1: 13, 2: 14}.get(version, 15)) - 1
    attributes = ctypes.create_string_buffer(struct.pack("Q", handled), 8)
    rules = _LIBC.syscall(create, attributes, 8, 0)
    _done(rules)
    read = 1 << 2 | 1 << 3
    for folder in filter(Path.is_dir, FONTS):
        place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        rule = ctypes.create_string_buffer(struct.pack("=Qi", read, place), 12)
        _done(_LIBC.syscall(add, rules, 1, rule, 0))
        os.close(place)
    _done(_LIBC.syscall(restrict, rules, 0))
    os.close(rules)


def _no_calls() -> None:
    """Seccomp: a filter that answers "not permitted" to every call on the list above."""
    try:
        architecture, forbidden = _FORBIDDEN[platform.machine()]
    except KeyError:
        raise WallMissing(platform.machine()) from None
    last = len(forbidden)
    _filter(
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, last + 1, 0, _FOREIGN_CALLS),
        *((_EQUAL, last - at, 0, number) for at, number in enumerate(forbidden)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    )


def _no_children() -> None:
    """One more filter: threads, which the HEIC decoder starts, but no process."""
    try:
        clone, clone3, forks = _FORKS[platform.machine()]
    except KeyError:
        raise WallMissing(platform.machine()) from None
    last = len(forks)
    _filter(
        (_LOAD, 0, 0, _NUMBER),
        *((_EQUAL, last + 4 - at, 0, number) for at, number in enumerate(forks)),
        (_EQUAL, 4, 0, clone3),
        (_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 2, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _DENY),
        (_RETURN, 0, 0, _UNKNOWN),
        (_RETURN, 0, 0, _ALLOW),
    )


def _filter(*lines: tuple[int, int, int, int]) -> None:
    code = b"".join(struct.pack("=HBBI", *line) for line in lines)
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(kept))
    _done(_LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, program, 0, 0))


def _done(answer: int) -> None:
    if answer < 0:
        raise WallMissing(ctypes.get_errno())
