"""Every message that we send by ourselves: one file each in templates/messages, read at start."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bot.domain.fitting import LONGEST
from bot.domain.keywords import kind_of, problem, shortened
from bot.domain.telling import Channel

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "messages"
_PLACE = re.compile(r"\{(\w+)\}")
_KEYS = {"about", "values", "words", "page", "channels", *Channel} - {Channel.CUSTOM}


class BadMessage(ValueError):
    """A message file, or what is to be filled into it, would be refused by WeChat."""


@dataclass(frozen=True, slots=True)
class Keyword:
    name: str
    text: str
    shorten: bool


@dataclass(frozen=True, slots=True)
class Message:
    name: str
    about: str
    values: frozenset[str]
    channels: tuple[Channel, ...]
    """In the order in which they are preferred."""
    words: str
    """The customer message."""
    page: str
    """Of the mini-program; "" when there is none."""
    keywords: Mapping[Channel, tuple[Keyword, ...]]

    def fill(self, channel: Channel, values: Mapping[str, str]) -> dict[str, str]:
        """The keywords of one channel, each of which WeChat will take; else BadMessage."""
        filled = {}
        for keyword in self.keywords.get(channel, ()):
            value = _filled(keyword.text, values)
            value = shortened(value) if keyword.shorten else value
            if fault := problem(keyword.name, value):
                raise BadMessage(f"{self.name}.{channel}.{fault}")
            filled[keyword.name] = value
        return filled

    def say(self, values: Mapping[str, str], *, url: str) -> str:
        words = _filled(self.words, {**values, "url": url})
        if len(words.encode()) > LONGEST:
            raise BadMessage(f"{self.name}: a customer message of {len(words.encode())} bytes")
        return words

    def open_page(self, values: Mapping[str, str]) -> str:
        return _filled(self.page, values)

    def check(self, values: Mapping[str, str]) -> None:
        """Refuse at once what no channel would carry later."""
        if set(values) != self.values:
            odd = sorted(set(values) ^ self.values)
            raise BadMessage(f"{self.name}: missing or unknown values {odd}")
        for channel in self.channels:
            self.fill(channel, values)
        self.say(values, url="")


def read(name: str, text: str) -> Message:
    """A message file; anything that is not as it must be is named."""
    given = tomllib.loads(text)
    if unknown := set(given) - _KEYS:
        raise BadMessage(f"{name}: unknown keys {sorted(unknown)}")
    channels = tuple(Channel(channel) for channel in given["channels"])
    message = Message(
        name=name,
        about=given["about"],
        values=frozenset(given["values"]),
        channels=channels,
        words=given.get("words", "").strip(),
        page=given.get("page", ""),
        keywords=MappingProxyType(
            {
                channel: tuple(_keyword(key, value) for key, value in given[channel].items())
                for channel in channels
                if channel is not Channel.CUSTOM
            }
        ),
    )
    _check_places(message)
    return message


def _keyword(name: str, value: str | dict[str, object]) -> Keyword:
    if isinstance(value, str):
        return Keyword(name, value, shorten=False)
    return Keyword(name, str(value["text"]), shorten=bool(value["shorten"]))


def _check_places(message: Message) -> None:
    keywords = [keyword for part in message.keywords.values() for keyword in part]
    if wrong := [keyword.name for keyword in keywords if not kind_of(keyword.name)]:
        raise BadMessage(f"{message.name}: no such keywords {wrong}")
    texts = [message.words, message.page, *(keyword.text for keyword in keywords)]
    places = {place for text in texts for place in _PLACE.findall(text)} - {"url"}
    if places != message.values:
        odd = sorted(places ^ message.values)
        raise BadMessage(f"{message.name}: places and values differ in {odd}")
    if Channel.CUSTOM in message.channels and not message.words:
        raise BadMessage(f"{message.name}: a customer message without words")


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)


MESSAGES: Mapping[str, Message] = MappingProxyType(
    {file.stem: read(file.stem, file.read_text()) for file in sorted(FOLDER.glob("*.toml"))}
)
