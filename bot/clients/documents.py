"""Press: documents as PDF and PNG, set by Typst, sealed by pyHanko. Only workers open one."""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

import typst

from bot.clients import fonts
from bot.clients.document_data import TEMPLATES, filled, plain, texts
from bot.clients.sealing import Face, Sealer, Spot
from bot.clients.seals import SealKey
from bot.domain.documents import Certificate, CommitmentLetter, Notice, Plaque
from bot.domain.printing import Document, Made
from bot.domain.reports import Report

STANDARDS: "list[typst.PDFStandard]" = ["a-2a", "ua-1"]
PICTURE_WIDTH = 1754
"""Pixels of the longer side of A4 at 150 to the inch: what both common decoders still read."""
MM = 72 / 25.4
FAMILIES = ("Noto Serif SC", "Noto Sans SC")  # as the templates name them

Form = Literal["pdf", "png"]


class NotSetError(Exception):
    """Typst refused or warned: a fault of ours in a template or a drawing, never the data's."""


@dataclass(frozen=True, slots=True)
class Place:
    """Of the seal, in millimetres: x and y from the upper left of a page of this height."""

    x: float
    y: float
    high: float
    page: int = 0
    side: float = 42


@dataclass(frozen=True, slots=True)
class Kind:
    """`reason` is what readers of PDF show as the reason of the signature; "" is not signed."""

    template: str
    reason: str
    place: Place | None = None
    picture: bool = True
    ppi: float = 150


KINDS: Mapping[type, Kind] = {
    Certificate: Kind("certificate", "颁发证书", Place(210, 140, high=210)),
    Plaque: Kind("plaque", "", ppi=PICTURE_WIDTH / (620 / 25.4)),
    CommitmentLetter: Kind("commitment", "公示信用承诺书", picture=False),
    Notice: Kind("notice", "发布公示名单", Place(123, 224, high=297, page=-1), picture=False),
    Report: Kind("report", "出具评价报告", Place(138, 212, high=297), picture=False),
}


class Press:
    """Fonts, templates and whoever signs; made once a process, safe to use from any thread."""

    def __init__(self, where: tuple[Path, ...], key_of: Callable[[str], SealKey]) -> None:
        """`key_of` answers an issuer's name with its key, when something is to be signed."""
        self._where = where
        self._fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=list(where)
        )
        self._added = sorted(set(self._fonts.families()) - set(FAMILIES))
        self._mine = threading.local()  # a compiler that two threads use raises
        self._key_of = key_of
        self._sealers: dict[str, Sealer] = {}
        self._faces: dict[tuple[str, bool], Face] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="press")

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    async def make(self, document: Document, *, at: datetime, now: datetime) -> Made:
        """Set and sign one document in the press's own thread; storing it is the caller's.

        `at` is the time of the record: made again, the pages are the same. `now` is when it is
        signed.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, partial(self.made, document, at=at, now=now)
        )

    def made(self, document: Document, *, at: datetime, now: datetime) -> Made:
        kind = KINDS[type(document)]
        to_sign_by_hand = isinstance(document, CommitmentLetter) and document.draft
        sealed = kind.reason and not to_sign_by_hand
        pdf = self.signed(document, at=at, now=now) if sealed else self.pdf(document, at=at)
        return Made(pdf, self.picture(document, at=at) if kind.picture else None)

    def signed(self, document: Document, *, at: datetime, now: datetime) -> bytes:
        """Return the PDF with the signature, which shows the seal where the kind has one."""
        kind = KINDS[type(document)]
        pdf = self.pdf(document, at=at, printed=False)
        face = self._face(document, at=at) if kind.place else None
        spot = _spot(kind.place) if kind.place else None
        return self.sign(
            pdf, owner=document.issuer, now=now, reason=kind.reason, face=face, spot=spot
        )

    def sign(
        self,
        pdf: bytes,
        *,
        owner: str,
        now: datetime,
        reason: str,
        face: Face | None = None,
        spot: Spot | None = None,
    ) -> bytes:
        if owner not in self._sealers:
            self._sealers[owner] = Sealer(self._key_of(owner))
        return self._sealers[owner].seal(pdf, face=face, spot=spot, at=now, reason=reason)

    def pdf(self, document: Document, *, at: datetime, printed: bool = True) -> bytes:
        """Return the PDF without a signature; the same document and time give the same bytes."""
        kind = KINDS[type(document)]
        return self.render(
            kind.template, filled(document, seal=_seal(kind, printed=printed)), at=at
        )[0]

    def picture(self, document: Document, *, at: datetime) -> bytes:
        """Return the first page as PNG, with the seal printed."""
        kind = KINDS[type(document)]
        data = filled(document, seal=_seal(kind, printed=True))
        return self.render(kind.template, data, at=at, form="png", ppi=kind.ppi)[0]

    def render(
        self,
        template: str,
        data: Mapping[str, object],
        *,
        at: datetime,
        form: Form = "pdf",
        ppi: float = 150,
    ) -> list[bytes]:
        """Set one template: a PDF, or one PNG a page. A character no font has is Unprintable."""
        for text in texts(data):
            fonts.require(text, self._where)
        made, warnings = self._compiler(template).compile_with_warnings(
            format=form,
            ppi=ppi,
            timestamp=at.replace(microsecond=0),  # Typst takes whole seconds only
            sys_inputs={
                "data": json.dumps(data, ensure_ascii=False, default=plain),
                "added": json.dumps(self._added),
            },
            pdf_standards=STANDARDS if form == "pdf" else None,
        )
        if warnings or made is None:
            raise NotSetError(template, *(warning.message for warning in warnings))
        return made if isinstance(made, list) else [made]

    def _compiler(self, template: str) -> typst.Compiler:
        """Each thread keeps a compiler a template: what did not change is not set again."""
        mine: dict[str, typst.Compiler] = self._mine.__dict__.setdefault("compilers", {})
        if template not in mine:
            source = TEMPLATES / f"{template}.typ"
            mine[template] = typst.Compiler(source, root=TEMPLATES, font_paths=self._fonts)
        return mine[template]

    def _face(self, document: Document, *, at: datetime) -> Face:
        """Set the seal of an issuer once a process."""
        key = (document.issuer, document.demonstration)
        if key not in self._faces:
            data = {"issuer": key[0], "demonstration": key[1], "seal_place": None}
            self._faces[key] = Face(self.render("seal", data, at=at)[0])
        return self._faces[key]


def _seal(kind: Kind, *, printed: bool) -> Mapping[str, object] | None:
    """Tell the template where the seal is; the signature draws it there unless it is printed."""
    place = kind.place
    if place is None:
        return None
    return {"x": place.x, "y": place.y, "side": place.side, "printed": printed}


def _spot(place: Place) -> Spot:
    bottom = place.high - place.y - place.side
    return Spot(place.page, place.x * MM, bottom * MM, place.side * MM)
