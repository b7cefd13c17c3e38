"""The fonts that documents are set in, and whether they hold a character. No system font counts."""

from collections.abc import Callable
from functools import cache, reduce
from importlib.resources import files
from operator import and_, or_
from pathlib import Path
from unicodedata import category

from bot.domain.documents import Unprintable

MODULES = Path(__file__).parents[2] / "node_modules"
FROM_NPM = tuple(
    Path("@expo-google-fonts", f"noto-{style}-sc", weight)
    for style in ("serif", "sans")
    for weight in ("400Regular", "700Bold")
)
SIZE = 0x110000 // 8
FALLBACK = "pylopdf_fonts_zh_cn"
"""The same two families from PyPI, without a bold: for machines on which npm was not run."""
NAMES, FAMILIES = "NotoSerifSC", ("NotoSerifSC", "NotoSansSC")
"""Whatever a person or an enterprise is called is set in the first family, or in an added font."""


def folders(modules: Path = MODULES, *, added: Path | None = None) -> tuple[Path, ...]:
    """Return where the fonts are: npm's when they are all there, else those from PyPI; and what
    somebody put into `added` because of a character that these lack."""
    wanted = tuple(modules / folder for folder in FROM_NPM)
    if not all(any(folder.glob("*.ttf")) for folder in wanted):
        wanted = (Path(str(files(FALLBACK))),)
    more = added is not None and any(_is_font(file) for file in added.glob("*"))
    return (*wanted, added) if added and more else wanted


def added_to(state_dir: Path) -> Path:
    """Return where the association puts fonts of its own."""
    return state_dir / "fonts"


def reader(state_dir: Path) -> Callable[[str], tuple[str, ...]]:
    """Return what tells the characters of a text that cannot be printed, reading the fonts when it
    is first asked; on a machine without fonts it names none."""

    def lacking(text: str) -> tuple[str, ...]:
        try:
            where = folders(added=added_to(state_dir))
        except ModuleNotFoundError:
            return ()
        return missing(text, where)

    return lacking


def missing(text: str, where: tuple[Path, ...]) -> tuple[str, ...]:
    """Return the characters that would print as an empty box, or not at all, in order."""
    held = _held(where)
    return tuple(dict.fromkeys(char for char in text if char != "\n" and not _has(held, char)))


def require(text: str, where: tuple[Path, ...]) -> None:
    """Refuse what cannot be printed; a person has to decide how it is written."""
    if lacking := missing(text, where):
        raise Unprintable(lacking)


def face(where: tuple[Path, ...]) -> Path:
    """Return one file of the family in which names are set, for pictures that are drawn."""
    every = (file for folder in where for file in folder.glob(f"{NAMES}*"))
    return next(file for file in every if _is_font(file))


def _has(held: bytes, char: str) -> bool:
    code = ord(char)
    invisible = category(char).startswith("C")  # controls and marks that turn the line around
    return not invisible and bool(held[code >> 3] & 1 << (code & 7))


@cache
def _held(where: tuple[Path, ...]) -> bytes:
    """One bit a code point: in every weight of the family, or in an added font; a set would take
    forty times more."""
    from fontTools.ttLib import TTFont

    def bits(path: Path) -> int:
        held = bytearray(SIZE)
        with TTFont(path, lazy=True) as font:
            for code in font.getBestCmap():
                held[code >> 3] |= 1 << (code & 7)
        return int.from_bytes(held)

    every = [file for folder in where for file in folder.glob("*") if _is_font(file)]
    weights = [bits(file) for file in every if file.name.startswith(NAMES)]
    added = [bits(file) for file in every if not file.name.startswith(FAMILIES)]
    return reduce(or_, added, reduce(and_, weights) if weights else 0).to_bytes(SIZE)


def _is_font(path: Path) -> bool:
    return path.suffix in {".ttf", ".otf"}
