"""The table of the register as a file in memory."""

import mmap
import re
from pathlib import Path

from bot.clients import register_file
from bot.clients.register_file import Table, Writer

WANTED = 7


def written(folder: Path) -> Table:
    number = WANTED.to_bytes(8)
    writer = Writer(folder)
    writer.add([(number, b"a record")])
    writer.add_codes([(number, number)])
    return writer.finish({}, lambda _: bytes(register_file.SIGNATURE_BYTES))


def locked_kib() -> int:
    return int(re.search(r"VmLck:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])


def test_a_table_stays_in_memory_as_long_as_it_is_used(tmp_path, monkeypatch):
    monkeypatch.setattr(register_file, "verify", lambda *_: True)
    before = locked_kib()
    made = written(tmp_path)
    loaded = register_file.load(tmp_path / register_file.NAME, lambda _: b"")
    kept = locked_kib() - before
    found = made.records(WANTED), loaded.records(WANTED)
    del made, loaded

    assert kept == 2 * mmap.PAGESIZE // 1024
    assert found == ([(0, b"a record")], [(0, b"a record")])
    assert locked_kib() == before


def test_who_may_keep_nothing_in_memory_finds_everything_all_the_same(tmp_path, monkeypatch):
    def mapped(*words, flags=None, **more):
        if flags is not None:
            raise BlockingIOError
        return open_map(*words, **more)

    open_map = mmap.mmap
    monkeypatch.setattr(mmap, "mmap", mapped)

    assert written(tmp_path).records(WANTED) == [(0, b"a record")]
