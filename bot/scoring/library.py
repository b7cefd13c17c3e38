"""The packs and programmes that ship with the product, read from their files once."""

from functools import lru_cache
from pathlib import Path

from bot.scoring.cases import Case, read_cases
from bot.scoring.describe import Wording
from bot.scoring.lint import load_pack
from bot.scoring.pack import Pack
from bot.scoring.programme import Programme
from bot.scoring.programme_lint import load_programme
from bot.scoring.programme_reader import read_programme
from bot.scoring.questions import Questionnaire
from bot.scoring.questions_reader import plain_questionnaire, read_questionnaire
from bot.scoring.reading import BadData, parse_toml

HERE = Path(__file__).parent
PACKS = HERE / "packs"
PROGRAMMES = HERE / "programmes"


def versions() -> dict[str, list[int]]:
    """Every shipped scheme with its versions, oldest first."""
    found: dict[str, list[int]] = {}
    for file in sorted(PACKS.glob("*/*.toml")):
        if file.stem.isdigit():
            found.setdefault(file.parent.name, []).append(int(file.stem))
    return {scheme: sorted(numbers) for scheme, numbers in found.items()}


def pack_path(scheme: str, version: int | None = None) -> Path:
    """The file of a version, or of the newest one."""
    known = versions()
    if scheme not in known:
        raise BadData("", scheme, f"没有这个评价体系；有：{'、'.join(known)}")
    number = known[scheme][-1] if version is None else version
    if number not in known[scheme]:
        raise BadData("", scheme, f"没有第 {number} 版")
    return PACKS / scheme / f"{number}.toml"


@lru_cache(maxsize=64)
def shipped_pack(scheme: str, version: int | None = None) -> Pack:
    """A shipped pack, checked; a test holds its id and version to its folder and file name."""
    path = pack_path(scheme, version)
    return load_pack(path.read_text(encoding="utf-8"), _short(path))


def shipped_cases(scheme: str, version: int | None = None) -> tuple[Case, ...]:
    """The cases beside a shipped pack."""
    path = pack_path(scheme, version).with_suffix(".cases.toml")
    pack = shipped_pack(scheme, version)
    return read_cases(pack, path.read_text(encoding="utf-8"), _short(path))


@lru_cache(maxsize=64)
def questionnaire(pack: Pack) -> Questionnaire:
    """What a self-assessment under this pack asks, in the words of the newest file that fits."""
    files = (PACKS / pack.id).glob("*.questions.toml")
    numbers = sorted(int(file.name.split(".")[0]) for file in files)
    fitting = [number for number in numbers if number <= pack.version]
    if not fitting:
        return plain_questionnaire(pack)
    path = PACKS / pack.id / f"{fitting[-1]}.questions.toml"
    return read_questionnaire(pack, path.read_text(encoding="utf-8"), _short(path))


@lru_cache(maxsize=1)
def shipped_programmes() -> tuple[Programme, ...]:
    """Every shipped programme, checked against the scheme that it names."""
    found = []
    for path in sorted(PROGRAMMES.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        scheme = read_programme(text, _short(path)).scheme
        pack = shipped_pack(scheme) if scheme else None
        found.append(load_programme(text, _short(path), pack))
    return tuple(found)


@lru_cache(maxsize=1)
def shipped_wording() -> Wording:
    """The sentences in which results are explained."""
    path = HERE / "texts.toml"
    return Wording(parse_toml(path.read_text(encoding="utf-8"), _short(path)))


def _short(path: Path) -> str:
    return path.relative_to(HERE).as_posix()
