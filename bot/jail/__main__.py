"""The jail's keeper: reads its modules once, then forks a walled-in child for each file.

    python -m bot.jail DESCRIPTOR     a socket on which each message brings an order and three
                                      descriptors: the file, where its clean form goes, the report

The keeper itself never looks into a file. A child that dies leaves no report: that is its report.
"""

import contextlib
import gc
import io
import json
import os
import signal
import socket
import sys
from dataclasses import replace
from typing import Any, NoReturn

from PIL import Image

from bot.domain.files import LIMITS, Clean, Limits, Media, Piece, Refusal
from bot.jail import codes, pdfs, pictures, walls
from bot.jail.refused import Refused

LONGEST_ORDER = 4096
TAKEN = b" "  # said at once: a report without it is that of a keeper who is gone
NICE = 10  # whoever waits for a page comes first


def main(descriptor: int) -> None:
    with socket.socket(fileno=descriptor) as orders:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.nice(NICE)
        _warm_up()
        gc.freeze()
        missing = walls.put_up()
        orders.send(json.dumps({"missing": missing}).encode())
        while True:
            _reap()
            order, files, _flags, _address = socket.recv_fds(orders, LONGEST_ORDER, 3)
            if not order:
                return
            if len(files) == 3:
                _fork(order, files, orders)
            for file in files:
                os.close(file)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork(order: bytes, files: list[int], orders: socket.socket) -> None:
    if os.fork() == 0:
        code = 1
        try:
            orders.close()
            work(order, *files)
            code = 0
        except (Exception, MemoryError):  # noqa: BLE001  # no report is the report
            code = 1
        finally:
            os._exit(code)


def work(order: bytes, given: int, made: int, report: int) -> None:
    """Read one file within the limits, write what may be kept, and report on it."""
    os.write(report, TAKEN)
    wanted = json.loads(order)
    limits = replace(LIMITS, **wanted["limits"])
    walls.limit(limits)
    data = bytearray()
    while len(data) <= limits.file_bytes and (chunk := os.pread(given, 1 << 20, len(data))):
        data += chunk
    try:
        told = _told(bytes(data), limits, wanted, made)
    except Refused as refused:
        told = {"refused": refused.why.value}
    except MemoryError:
        told = {"refused": Refusal.UNPACKED.value}
    os.write(report, json.dumps(told).encode())


def _told(data: bytes, limits: Limits, wanted: dict[str, Any], made: int) -> dict[str, object]:
    """The report on one file: what was made of it, or what its codes say."""
    if wanted.get("codes"):
        return {"codes": codes.read(data, limits)}
    if within := wanted["within"]:
        return _written(legible(data, limits, within=within), made)
    return _written(examine(data, limits, views=range(*wanted["views"])), made)


def examine(data: bytes, limits: Limits, *, views: range) -> Clean:
    """Tell the kind by the first bytes, whatever the sender called it; take it apart, or refuse."""
    if not data:
        raise Refused(Refusal.EMPTY)
    if len(data) > limits.file_bytes:  # nobody sends it here; half a file must not pass for one
        raise Refused(Refusal.BROKEN)
    head = data[:64]
    if kind := pictures.kind_of(head):
        return pictures.clean(data, kind, limits)
    if pdfs.is_pdf(head):
        return pdfs.clean(data, limits, views=views)
    raise Refused(Refusal.TYPE)


def legible(data: bytes, limits: Limits, *, within: int) -> Clean:
    """The first page as one JPEG, for a machine that reads no more than so many bytes."""
    if pdfs.is_pdf(data[:64]):
        large = replace(limits, view_side=pictures.READING_SIDES[0])
        data = pdfs.clean(data, large, views=range(1, 2)).pieces[1].data
    if not (kind := pictures.kind_of(data[:64])):
        raise Refused(Refusal.TYPE if data else Refusal.EMPTY)
    return Clean(Media.JPEG, 1, (), (pictures.legible(data, kind, limits, within=within),))


def _written(found: Clean, made: int) -> dict[str, object]:
    pieces = []
    for piece in found.pieces:
        left = memoryview(piece.data)
        while left:
            left = left[os.write(made, left) :]
        pieces.append(_described(piece))
    return {
        "media_type": found.media_type.value,
        "pages": found.pages,
        "warnings": [warned.value for warned in found.warnings],
        "pieces": pieces,
    }


def _described(piece: Piece) -> dict[str, object]:
    return {
        "page": piece.page,
        "media_type": piece.media_type.value,
        "width": piece.width,
        "height": piece.height,
        "bytes": len(piece.data),
    }


def _warm_up() -> None:
    """Use every path once, because behind the walls no module can be read any more."""
    for kind in ("JPEG", "PNG", "HEIF"):
        out = io.BytesIO()
        Image.new("RGB", (16, 16), "white").save(out, kind)
        examine(out.getvalue(), LIMITS, views=range(0))
        legible(out.getvalue(), LIMITS, within=LIMITS.file_bytes)
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "white").save(out, "PDF")
    made = examine(out.getvalue(), LIMITS, views=range(1, 2))
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(out, "PNG")
    codes.read(out.getvalue(), LIMITS)
    if made.media_type is not Media.PDF:
        raise AssertionError("the jail does not know a PDF when it sees one")


def _run() -> NoReturn:
    main(int(sys.argv[1]))
    sys.exit(0)


if __name__ == "__main__":
    _run()
