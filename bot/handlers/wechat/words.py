"""Every text that a person can receive, one file per message in templates/messages."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).resolve().parents[3] / "templates" / "messages"

WORDS: Mapping[str, str] = MappingProxyType(
    {file.stem: file.read_text().strip() for file in sorted(FOLDER.glob("*.txt"))}
)
