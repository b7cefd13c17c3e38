"""解绑 in the chat: which enterprise, really, and done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bot.domain.dialogues import Choice, Control, Step, control_of
from bot.domain.errors import DomainError, NotFound
from bot.domain.knowledge import fill
from bot.services import bindings, colleagues, sessions
from bot.services.conversation import Heard
from bot.services.dialogues import Stand

UNBIND = "unbind"
YES, NO = "yes", "no"
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unbinding:
    lifetime: timedelta = timedelta(minutes=30)
    waits: bool = False

    async def begin(self, heard: Heard, words: Words, now: datetime) -> Stand:
        member = await sessions.in_chat(heard.appid, heard.openid, now=now)
        bound = await bindings.bound(member, now=now) if member else ()
        if not bound:
            return Stand(words["unbind_none"])
        known = [[str(one.enterprise_id), one.name] for one in bound]
        return _which(words, known) if len(known) > 1 else _sure(words, known[0])

    async def take(
        self, about: Mapping[str, Any], said: str, heard: Heard, words: Words, now: datetime
    ) -> Stand:
        back = control_of(said) is Control.BACK
        if "known" in about and not back:
            return _chosen(words, about["known"], said)
        value = NO if back else _question(words, about["name"]).read(said)
        if value is None:
            again = _sure(words, [about["enterprise"], about["name"]])
            return again.unread(words["dialogue_unread"])
        if value == NO:
            return Stand(words["unbind_kept"])
        member = await sessions.in_chat(heard.appid, heard.openid, now=now)
        if member is None:
            return Stand(words["unbind_none"])
        try:
            await bindings.require(member, UUID(about["enterprise"]), now=now)
            await colleagues.leave(UUID(about["enterprise"]), actor=member, now=now)
        except DomainError as refusal:
            gone = isinstance(refusal, NotFound)
            return Stand(words["unbind_gone"] if gone else str(refusal))
        return Stand(fill(words["unbind_done"], {"name": about["name"]}))


def _which(words: Words, known: list[list[str]]) -> Stand:
    return Stand(_names(words, known).text, {"known": known})


def _chosen(words: Words, known: list[list[str]], said: str) -> Stand:
    value = _names(words, known).read(said)
    chosen = next((one for one in known if one[0] == value), None)
    if chosen is None:
        return _which(words, known).unread(words["dialogue_unread"])
    return _sure(words, chosen)


def _names(words: Words, known: list[list[str]]) -> Step:
    choices = tuple(Choice(value, label) for value, label in known)
    return Step("which", words["unbind_which"], choices)


def _sure(words: Words, one: list[str]) -> Stand:
    enterprise, name = one
    return Stand(_question(words, name).text, {"enterprise": enterprise, "name": name})


def _question(words: Words, name: str) -> Step:
    choices = (Choice(YES, words["unbind_yes"]), Choice(NO, words["unbind_no"]))
    return Step("sure", fill(words["unbind_ask"], {"name": name}), choices)
