"""Child processes that die with their parent, and one loop that keeps them running."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")

CALM_AFTER_S = 30.0  # a child that lived this long is started again at once
SLOWEST_RESTART_S = 5.0
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_WATCHED = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a server runs as; PostgreSQL refuses to run as root."""

    uid: int
    gid: int


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, on the fast loop where there is one."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def die_with_parent(parent: int, with_signal: signal.Signals) -> None:
    """Ask the kernel to signal this process when its parent is gone, however it went."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(with_signal))
        if os.getppid() != parent:  # it went between the fork and the line above
            os._exit(1)


def call_itself(name: str) -> None:
    """The name that `ps -e` and `top` show, of at most fifteen letters."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def spawn(
    argv: Sequence[str | Path],
    *,
    with_signal: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    env: dict[str, str] | None = None,
    output: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C reaches only its supervisor."""
    parent = os.getpid()
    return subprocess.Popen(  # noqa: S603  # argv is ours
        [str(part) for part in argv],
        cwd="/" if account else None,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=lambda: die_with_parent(parent, with_signal),  # noqa: PLW1509  # no threads yet
    )


def fork(run: Callable[[], int]) -> int:
    """Run a function in a forked child that shares the parent's memory; answers the child's pid."""
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _run_forked(run, parent)
    return pid


def fork_apart(run: Callable[[], int], *, name: str, output: IO[bytes]) -> int:
    """The same for a command: under a name and in a session of its own, like what `spawn` starts.

    What nobody expected is said where the command would have said it as a program.
    """

    def apart() -> int:
        os.setsid()
        call_itself(name)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        for number in (1, 2):
            os.dup2(output.fileno(), number)
        try:
            return run()
        except Exception:  # noqa: BLE001  # as at the end of any program
            traceback.print_exc()
            return 1

    return fork(apart)


def _run_forked(run: Callable[[], int], parent: int) -> NoReturn:
    code = 1
    try:
        die_with_parent(parent, signal.SIGTERM)
        code = run()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:  # the child must never return into its parent's frames
        log.exception("child_crashed")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@dataclass(slots=True)
class Child:
    """One process to keep running: how it starts, and how it is asked to stop."""

    name: str
    start: Callable[[], int]
    stop_with: signal.Signals = signal.SIGTERM
    patience_s: float = 15.0
    pid: int = 0
    started_at: float = 0.0
    failures: int = 0
    due_at: float = field(default=0.0)


class Supervisor:
    """Starts children in order, starts the fallen again, stops them in reverse order.

    Signals are taken with sigtimedwait instead of handlers, so nothing runs between two lines.
    Equal children are told to stop all at once; different ones wait for those that need them.
    """

    def __init__(self, children: Sequence[Child], *, equal: bool = False) -> None:
        self._children = list(children)
        self._equal = equal

    def run(self, when_started: Callable[[], None] = lambda: None) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        try:
            for child in self._children:
                if stop_asked():  # while the one before was starting
                    return 0
                self._start(child)
            when_started()
            return self._watch()
        finally:
            self._stop_all()

    def _start(self, child: Child) -> None:
        child.pid, child.started_at = child.start(), time.monotonic()
        log.info("process_started", process=child.name, pid=child.pid)

    def _watch(self) -> int:
        while True:
            waiting = [child.due_at for child in self._children if not child.pid]
            pause = max(0.01, min(waiting) - time.monotonic()) if waiting else 3600.0
            got = signal.sigtimedwait(_WATCHED, pause)
            if got is not None and got.si_signo != signal.SIGCHLD:
                return 0
            for child, code in self._reap():
                log.warning("process_died", process=child.name, code=code)
                self._plan_restart(child)
            for child in self._children:
                if not child.pid and child.due_at <= time.monotonic():
                    self._start(child)

    def _plan_restart(self, child: Child) -> None:
        calm = time.monotonic() - child.started_at > CALM_AFTER_S
        child.failures = 0 if calm else child.failures + 1
        delay = min(SLOWEST_RESTART_S, 0.1 * 2**child.failures) if child.failures > 1 else 0.0
        child.pid, child.due_at = 0, time.monotonic() + delay

    def _reap(self) -> list[tuple[Child, int]]:
        dead = []
        for child in self._children:
            if child.pid:
                pid, status = os.waitpid(child.pid, os.WNOHANG)
                if pid:
                    dead.append((child, os.waitstatus_to_exitcode(status)))
        return dead

    def _stop_all(self) -> None:
        running = [child for child in reversed(self._children) if child.pid]
        if self._equal:
            for child in running:
                os.kill(child.pid, child.stop_with)  # the second one, below, does no harm
        for child in running:
            stop(child.pid, child.stop_with, child.patience_s)
            log.info("process_stopped", process=child.name)
            child.pid = 0


def stop_asked() -> bool:
    """Whether a signal waits that ends the supervisor; what takes long at its start asks this."""
    return bool(signal.sigpending() & (_WATCHED - {signal.SIGCHLD}))


def stop(pid: int, with_signal: signal.Signals, patience_s: float) -> None:
    """Ask, wait, and at last insist; only for a child of this process."""
    try:
        os.kill(pid, with_signal)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
            time.sleep(0.02)
        log.error("process_killed", pid=pid, waited_s=patience_s)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return
