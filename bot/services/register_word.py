"""The keeper's word: a file that says which records of a table are signed.

Every web process holds a key of this machine, so each of them could write such a file. The keeper
believes none, its own neither, and looks all the time whether the one it wrote still stands there.
"""

import zlib
from base64 import b64decode, b64encode
from threading import Lock

import structlog

from bot import telemetry
from bot.clients import register_file
from bot.clients.register_file import UNUSABLE, Table
from bot.clients.signer import Sign
from bot.domain.signing_keys import Key
from bot.services.register_folder import Folder, refused, signed_by
from bot.services.register_proofs import BAD, UNASKED

log = structlog.get_logger()

PROOFS = "certificates.proofs"
FOREIGN = telemetry.counter(
    "certificate_proofs_foreign", "核对结果的文件被别的进程改写的次数：有人想冒充核对，应当报警"
)


class Word:
    """As the keeper says it, and as everybody else takes it."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._path = folder.place / PROOFS
        self._known: tuple[int, int, str] = (0, 0, "")
        self._said: bytes | None = None
        self._stands: bytes | None = None
        self._began = False
        self._one_at_a_time = Lock()

    def newer(self, table: Table, fingerprint: str) -> bytes | None:
        """Which records of this table the keeper found signed; None when it said nothing new."""
        try:
            found = self._path.stat()
            known = found.st_ino, found.st_mtime_ns, table.head["sha256"] + fingerprint
            if known == self._known:
                return None
            self._known = known
            said = register_file.read_signed(self._path, PROOFS, self._folder.trust)
            if (said["table"], said["fingerprint"]) != (table.head["sha256"], fingerprint):
                return None
            good = zlib.decompressobj().decompress(b64decode(said["good"]), table.count + 1)
        except FileNotFoundError:  # it is still asking
            return None
        except UNUSABLE as error:
            log.info("register_proofs_unused", reason=str(error) or type(error).__name__)
            return None
        return good if len(good) == table.count else None

    def say(self, table: Table, proofs: bytes, fingerprint: str, signing: tuple[Key, Sign]) -> None:
        """Say which records are signed; about the others everybody shall ask and raise an alarm."""
        good = proofs.replace(bytes((BAD,)), bytes((UNASKED,)))
        content = signed_by(signing[0]) | {
            "table": table.head["sha256"],
            "fingerprint": fingerprint,
            "good": b64encode(zlib.compress(good)).decode(),
        }
        said = register_file.signed(PROOFS, content, signing[1])
        with self._one_at_a_time:
            self._said = said
        self.uphold()

    def uphold(self) -> None:
        """As the keeper: what stands there is what was said, and nothing when nothing was."""
        with self._one_at_a_time:
            found = self._found()
            if not self._began:  # an earlier keeper's, or anybody's
                self._began, self._stands = True, found
            if found == self._said:
                return
            if found not in (None, self._stands):
                FOREIGN.inc()
                log.error("register_proofs_foreign")
            try:
                if self._said is None:
                    self._path.unlink(missing_ok=True)
                else:
                    register_file.put(self._path, self._said)
                self._stands = self._said
            except OSError as error:
                refused(error)

    def _found(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except OSError:
            return None
