"""QR codes: the matrix comes from the qrcode package, the drawing is one compact path of ours."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from itertools import groupby

from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M

BORDER = 4
"""Modules of white around the code, as the standard asks."""
MASK = 2
"""Any of the eight is legal; trying all of them to find the prettiest costs five times the rest."""

Row = tuple[bool, ...]


@lru_cache(maxsize=256)
def matrix(text: str) -> tuple[Row, ...]:
    """Return the dark modules, border included. Error level M: photos fail by size, not by dirt."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=BORDER, mask_pattern=MASK)
    code.add_data(text)
    code.make(fit=True)
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def svg(text: str, *, title: str = "二维码") -> str:
    """Draw it black on white, also on a dark page: inverted codes are not read by every phone."""
    rows = matrix(text)
    side = len(rows)
    path = "".join(_runs(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img"'
        f' aria-label="{escape(title)}" shape-rendering="crispEdges"><title>{escape(title)}</title>'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def _runs(rows: Sequence[Sequence[bool]]) -> Iterator[str]:
    """Each run of dark modules in a row is one rectangle."""
    for y, row in enumerate(rows):
        x = 0
        for dark, group in groupby(row):
            length = len(list(group))
            if dark:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length
