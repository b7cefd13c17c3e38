"""Finds the known question that a message asks: shared words and pairs of characters, weighed.

Every token of a message weighs as much as it is rare among the questions. A wording's score is the
weight that it shares with the message over the mean weight of the two (Dice), so that words which
nobody has ever asked about pull it down. Nothing is learnt, and every score can be explained.
"""

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_CHARS = 60  # a question fits; what is longer is a story for a person
SUBJECT = 2.0  # the thing that is asked about
MEANING = 1.4
LIGHT = 0.8  # found in most questions
PAIR = 0.7
SINGLE = 0.3  # a lone character says less than a pair
UNKNOWN = 1.1  # a token that no question holds: a typo, or another subject
WORDING_SHARE = 0.65  # the rest of the score is what all wordings of a question cover together

# A question is answered when it is near enough and clearly nearer than the next one.
SURE = 0.65
EXACT = 0.999
LEAD = 0.02
NEAR = 0.15  # below this it is not even offered


@dataclass(frozen=True, slots=True)
class Language:
    """How people write: characters that sound alike, words that mean the same, words that do not
    matter, and subjects that are none of ours."""

    sounds: Mapping[str, str]
    words: Mapping[str, str]  # folded word → what it stands for; "" for words that do not matter
    shares: Mapping[str, float]  # what a meaning weighs, other than MEANING
    elsewhere: tuple[str, ...]
    longest: int

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> "Language":
        sounds = {character: group[0] for group in table["sounds"]["groups"] for character in group}
        words: dict[str, str] = {_fold(word, sounds): "" for word in table["drop"]["words"]}
        for meaning, spellings in table["same"].items():
            for word in (meaning, *spellings):
                words[_fold(word, sounds)] = f"<{meaning}>"
        elsewhere = tuple(_plain(word) for word in table["elsewhere"]["words"])
        shares = {f"<{word}>": SUBJECT for word in table["subject"]["words"]}
        shares |= {f"<{word}>": LIGHT for word in table["light"]["words"]}
        return cls(sounds, words, shares, elsewhere, max(map(len, words)))

    def share(self, token: str) -> float:
        if token[0] == "<":
            return self.shares.get(token, MEANING)
        return SINGLE if len(token) == 1 else PAIR

    def tokens(self, text: str) -> frozenset[str]:
        """Meanings of the known words; of the rest, single characters and neighbouring pairs."""
        folded = self.fold(text)
        found: set[str] = set()
        last = ""
        at = 0
        while at < len(folded):
            for size in range(min(self.longest, len(folded) - at), 0, -1):
                meaning = self.words.get(folded[at : at + size])
                if meaning is not None:
                    found.add(meaning)
                    last = ""
                    break
            else:
                size, character = 1, folded[at]
                found |= {character, last + character} if last else {character}
                last = character
            at += size
        return frozenset(found - {""})

    def fold(self, text: str) -> str:
        """The same for everything that is written or sounds the same."""
        return _fold(text[:MOST_CHARS], self.sounds)

    def about_others(self, text: str) -> bool:
        plain = _plain(text)
        return any(word in plain for word in self.elsewhere)


@dataclass(frozen=True, slots=True)
class Found:
    """What a message seems to ask: an answer when sure, else the nearest questions."""

    sure: str = ""
    near: tuple[str, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()


@dataclass(slots=True)
class Index:
    """All wordings of all questions, prepared for looking up."""

    language: Language
    ids: list[str] = field(default_factory=list)
    _exact: dict[str, str] = field(default_factory=dict)  # wording → its question, "" for several
    _weights: dict[str, float] = field(default_factory=dict)
    _unknown: float = 0.0
    _wordings: list[tuple[int, float]] = field(default_factory=list)  # question, weight
    _in_wordings: dict[str, list[int]] = field(default_factory=dict)
    _in_questions: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, questions: Iterable[tuple[str, Sequence[str]]], language: Language) -> "Index":
        index = cls(language)
        texts: list[tuple[int, frozenset[str]]] = []
        for number, (name, wordings) in enumerate(questions):
            index.ids.append(name)
            texts += [(number, language.tokens(wording)) for wording in wordings]
            for wording in map(language.fold, wordings):
                index._exact[wording] = name if index._exact.get(wording, name) == name else ""
        for number, tokens in texts:
            for token in tokens:
                questions_with = index._in_questions.setdefault(token, [])
                if not questions_with or questions_with[-1] != number:
                    questions_with.append(number)
        total = len(index.ids)
        for token, questions_with in index._in_questions.items():
            index._weights[token] = language.share(token) * _rarity(len(questions_with), total)
        index._unknown = UNKNOWN * _rarity(0, total)
        for place, (number, tokens) in enumerate(texts):
            index._wordings.append((number, sum(index._weights[token] for token in tokens)))
            for token in tokens:
                index._in_wordings.setdefault(token, []).append(place)
        return index

    def find(self, text: str) -> Found:
        if self.language.about_others(text):
            return Found()
        if same := self._exact.get(self.language.fold(text)):
            return Found(same, (same,), ((same, 1.0),))
        tokens = self.language.tokens(text)
        scores = self._scores(tokens)
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:3]
        named = tuple((self.ids[number], round(score, 3)) for number, score in ranked)
        near = tuple(name for name, score in named if score >= NEAR)
        enough = sum(map(self.language.share, tokens)) >= MEANING  # a word like 证书 asks nothing
        sure = bool(named) and named[0][1] >= (SURE if enough else EXACT)
        if sure and len(named) > 1:
            sure = named[0][1] - named[1][1] >= LEAD
        return Found(named[0][0] if sure else "", near, named)

    def _scores(self, tokens: frozenset[str]) -> dict[int, float]:
        weights = self._weights
        asked = sum(
            weights.get(token) or self.language.share(token) * self._unknown for token in tokens
        )
        if not asked:
            return {}
        shared: dict[int, float] = {}
        covered: dict[int, float] = {}
        for token in tokens:
            weight = weights.get(token)
            if weight is None:
                continue
            for place in self._in_wordings[token]:
                shared[place] = shared.get(place, 0.0) + weight
            for number in self._in_questions[token]:
                covered[number] = covered.get(number, 0.0) + weight
        best: dict[int, float] = {}
        for place, weight in shared.items():
            number, whole = self._wordings[place]
            score = 2 * weight / (asked + whole)
            if score > best.get(number, 0.0):
                best[number] = score
        rest = (1 - WORDING_SHARE) / asked
        return {
            number: WORDING_SHARE * score + rest * covered[number] for number, score in best.items()
        }


def _rarity(questions_with: int, total: int) -> float:
    return math.log(1 + (total - questions_with + 0.5) / (questions_with + 0.5))


def _plain(text: str) -> str:
    """One width, one case, letters and digits only."""
    wide = unicodedata.normalize("NFKC", text).lower()
    return "".join(character for character in wide if character.isalnum() or character == "+")


def _fold(text: str, sounds: Mapping[str, str]) -> str:
    return "".join(sounds.get(character, character) for character in _plain(text))
