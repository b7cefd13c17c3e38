"""Where the embedded servers keep their data, and whom they run as."""

import hashlib
import os
import pwd
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.processes import Account, spawn

LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 bytes
START_PATIENCE_S = 60.0


def default_state_dir(checkout: Path, home: Path, *, root: bool) -> Path:
    """A folder of its own for every checkout, short enough for socket paths.

    Root's servers run as another account, which cannot enter root's home.
    """
    tag = hashlib.sha256(str(checkout).encode()).hexdigest()[:8]
    base = Path("/var/lib") if root else home / ".local" / "state"
    return base / "credit-service" / tag


def server_account(data: Path) -> Account | None:
    """The unprivileged account for a server when we are root; else nobody else is needed.

    Whoever owns the data keeps it, even if a better account has come since.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise RuntimeError("没有可用的普通账户来运行数据库：请新建一个名为 postgres 的系统账户")


def home_folder(path: Path) -> Path:
    """A server's home stays ours: whoever could rename things in it could make root follow them."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


def private_folder(path: Path, account: Account | None) -> Path:
    """Make a folder, inside a home, that only the server's account may enter."""
    path.mkdir(exist_ok=True)
    path.chmod(0o700)
    if account:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return path


def password(path: Path) -> str:
    """Read the server's password, or make one at the very first start."""
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        write_for(draft, None, secrets.token_urlsafe(24))
        draft.rename(path)
    return path.read_text()


def write_for(path: Path, account: Account | None, text: str) -> None:
    """Write a file that did not exist, for the eyes of one account."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as file:
        if account:
            os.fchown(handle, account.uid, account.gid)
        file.write(text)


def socket_folder(path: Path, account: Account | None) -> Path:
    if len(str(path)) > LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432"):
        raise RuntimeError(f"文件夹路径太长：{path}。请用 CREDIT_STATE_DIR 指定一个短一些的路径")
    return private_folder(path, account)


@dataclass(frozen=True, slots=True)
class Server:
    """How one of the servers is started: what runs, as whom, and how it is asked to stop."""

    name: str
    folder: Path
    account: Account | None
    stop_with: signal.Signals

    def start(self, argv: Sequence[str | Path], ready: Callable[[], bool]) -> int:
        """Answer its pid once it takes connections; say where to read why when it does not."""
        log = self.folder / "server.log"
        with log.open("ab") as output:
            process = spawn(
                argv,
                with_signal=self.stop_with,
                account=self.account,
                output=output,
                env={"LC_ALL": "C", "PATH": os.defpath},
            )
        deadline = time.monotonic() + START_PATIENCE_S
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name}没有启动，原因见 {log}")
            time.sleep(0.02)
        process.returncode = 0  # from here on the supervisor reaps it by pid
        return process.pid
