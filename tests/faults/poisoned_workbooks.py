"""Workbooks that nobody should have sent, made from a good one: bombs, entities, links, macros."""

import io
import struct
import zipfile
from collections.abc import Iterator

SHEET, STRINGS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
TYPES = "[Content_Types].xml"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def refused(good: bytes) -> Iterator[tuple[str, bytes]]:
    """What must not be read at all."""
    swollen = b"<worksheet>" + b" " * (64 << 20) + b"</worksheet>"
    yield "a sheet that swells", changed(good, {SHEET: swollen})
    yield "a part that swells and is never asked for", changed(good, {"xl/media/a.bin": swollen})
    yield "a sheet that says it is small", lying(changed(good, {SHEET: swollen[: 3 << 20]}))
    yield "one sheet under a thousand names", overlapping(good, 1000)
    for name in (SHEET, STRINGS, BOOK):
        with zipfile.ZipFile(io.BytesIO(good)) as book:
            text = book.read(name).decode() if name in book.namelist() else "<sst/>"
        for what, entities in (("laughs", LAUGHS), ("looks outside", OUTSIDE)):
            whole = entities + text.partition("?>")[2].strip() if "?>" in text else entities + text
            for code in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
                yield f"{name} {what} in {code}", changed(good, {name: whole.encode(code)})
            seven = f'<?xml version="1.0" encoding="UTF-7"?>{whole.replace("<!", "+ADwAIQ-")}'
            yield f"{name} {what} in a coding of its own", changed(good, {name: seven.encode()})


def harmless(good: bytes) -> Iterator[tuple[str, bytes]]:
    """What is read for its amounts alone: nothing of these parts is looked at or kept."""
    with zipfile.ZipFile(io.BytesIO(good)) as book:
        types, relations = book.read(TYPES).decode(), book.read(RELATIONS).decode()
    plain = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    macro = types.replace(plain, "application/vnd.ms-excel.sheet.macroEnabled.main+xml")
    program = {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" + b"Shell calc", TYPES: macro.encode()}
    yield "macros", changed(good, program)
    link = (
        f'<externalLink xmlns="{SPREADSHEET}" xmlns:r="{OFFICE}"><externalBook r:id="rId1"/>'
        "</externalLink>"
    )
    target = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/externalLinkPath"'
        ' Target="http://evil.example/a.xlsx" TargetMode="External"/></Relationships>'
    )
    known = f'<Relationship Id="rId99" Type="{OFFICE}/externalLink" Target="externalLinks/e1.xml"/>'
    outside = {
        "xl/externalLinks/e1.xml": link.encode(),
        "xl/externalLinks/_rels/e1.xml.rels": target.encode(),
        RELATIONS: relations.replace("</Relationships>", f"{known}</Relationships>").encode(),
    }
    yield "links to elsewhere", changed(good, outside)


def changed(good: bytes, parts: dict[str, bytes]) -> bytes:
    """The same workbook with other parts."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(good)) as book,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
    ):
        for name in book.namelist():
            if name not in parts:
                made.writestr(name, book.read(name))
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


def lying(data: bytes) -> bytes:
    """Its list of parts says of each that it is ten bytes long."""
    out, at = bytearray(data), data.index(b"PK\x01\x02")
    while at >= 0:
        out[at + 24 : at + 28] = struct.pack("<I", 10)
        at = data.find(b"PK\x01\x02", at + 46)
    return bytes(out)


def overlapping(good: bytes, times: int) -> bytes:
    """One part that stands in the list again and again, each time under another name."""
    at = good.index(b"PK\x01\x02")
    end = good.index(b"PK\x05\x06")
    entry = bytearray(good[at : at + 46])
    [name_length] = struct.unpack("<H", entry[28:30])
    entry[30:34] = bytes(4)  # no extra field, no comment
    entry[24:28] = struct.pack("<I", 1 << 20)
    listed = b"".join(bytes(entry) + f"{number:0{name_length}}".encode() for number in range(times))
    tail = struct.pack("<HHHHIIH", 0, 0, times, times, len(listed), at, 0)
    return good[:at] + listed + good[end : end + 4] + tail
