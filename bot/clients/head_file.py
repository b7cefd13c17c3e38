"""The last signed head of the audit log, kept outside the database: what a machine saw, it knows.

The file holds what the public address shows, so that a copy of either is a witness.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.domain.audit import Head


class NoHead(Exception):
    """There is a file, and it holds no head."""


@dataclass(frozen=True, slots=True)
class HeadFile:
    """One file of one machine; its processes take turns."""

    path: Path

    @staticmethod
    def of(state_dir: Path) -> "HeadFile":
        return HeadFile(state_dir / "audit" / "head.json")

    def read(self) -> Head | None:
        """None where nothing was ever kept."""
        try:
            text = self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        try:
            return Head.read(json.loads(text))
        except (ValueError, KeyError, TypeError) as fault:
            raise NoHead(str(self.path)) from fault

    def keep(self, head: Head) -> None:
        """Remember it unless a longer one is known already."""
        with self._alone():
            known = self.read()
            if known is None or known.size < head.size:
                self._write(head)

    def replace(self, head: Head | None) -> None:
        """Believe this one from now on, whatever was kept."""
        with self._alone():
            if head is None:
                self.path.unlink(missing_ok=True)
            else:
                self._write(head)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, head: Head) -> None:
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="ascii") as file:
            file.write(json.dumps(head.shown()) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
