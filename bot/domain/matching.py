"""Finds the known question that a message asks: shared words and pairs of characters, weighed.

A message is compared with all wordings in two views: by what its words mean, and by its characters
as they stand. The first reads through dialect and other words for the same thing, the second does
not fall for a word that was cut wrongly. In each, a token weighs as much as it is rare among the
questions, and a wording's score is the weight that it shares with the message over the mean weight
of the two (Dice), so that what nobody has ever asked about pulls it down. Nothing is learnt, and
every score can be explained.
"""

import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

MOST_CHARS = 60  # a question fits; what is longer is a story for a person
SUBJECT = 2.0  # the thing that is asked about
MEANING = 1.4
LIGHT = 0.8  # found in most questions
PAIR = 0.7
SINGLE = 0.3  # a lone character says less than a pair
SIGN, SIGNS = 0.6, 1.0  # of the characters as they stand: alone, and two of them
UNKNOWN = 1.4  # a token that no question holds: a typo, or another subject
WORDING_SHARE = 0.65  # the rest of the score is what all wordings of a question cover together
MEANINGS_SHARE = 0.6  # the rest of it are the characters

# A question is answered when it is near enough, the nearer the less it leads before the next one.
SURE = 0.48
LEAD_COUNTS = 0.5
EXACT = 0.999
ENOUGH = 2.2  # what a message must say at the least: a meaning and half another
LEAD = 0.02
CLEAR = 0.1  # so far ahead of all others even a few words say enough
SHOWN, RIVALS = 3, 8
NEAR = 0.12  # below this it is not even offered


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
        found: set[str] = set()
        last = ""
        for part, meaning in self.parts(text):
            if meaning is not None:
                found.add(meaning)
                last = ""
            else:
                found |= {part, last + part} if last else {part}
                last = part
        return frozenset(found - {""})

    def signs(self, text: str) -> frozenset[str]:
        """Single characters and neighbouring pairs as they stand, whatever they mean."""
        folded = self.fold(text)
        return frozenset([*folded, *(folded[at : at + 2] for at in range(len(folded) - 1))])

    def core(self, text: str) -> str:
        """What is left of the words without those that do not matter."""
        return "".join(part for part, meaning in self.parts(text) if meaning != "")

    def parts(self, text: str) -> Iterator[tuple[str, str | None]]:
        """The words in their order, the longest known ones first; what is not known has no
        meaning, and what does not matter an empty one."""
        folded = self.fold(text)
        at = 0
        while at < len(folded):
            for size in range(min(self.longest, len(folded) - at), 1, -1):
                if folded[at : at + size] in self.words:
                    break
            else:
                size = 1
            part = folded[at : at + size]
            yield part, self.words.get(part)
            at += size

    def subjects(self, tokens: frozenset[str]) -> frozenset[str]:
        return frozenset(token for token in tokens if self.shares.get(token) == SUBJECT)

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
class View:
    """One way to compare a message with all wordings of all questions."""

    split: Callable[[str], frozenset[str]]
    share: Callable[[str], float]
    _weights: dict[str, float] = field(default_factory=dict)
    _unknown: float = 0.0
    _wordings: list[tuple[int, float]] = field(default_factory=list)  # question, weight
    _in_wordings: dict[str, list[int]] = field(default_factory=dict)
    _in_questions: dict[str, list[int]] = field(default_factory=dict)

    def learn(self, questions: Sequence[Sequence[str]]) -> None:
        texts = [(n, self.split(text)) for n, wordings in enumerate(questions) for text in wordings]
        for number, tokens in texts:
            for token in tokens:
                questions_with = self._in_questions.setdefault(token, [])
                if not questions_with or questions_with[-1] != number:
                    questions_with.append(number)
        for token, questions_with in self._in_questions.items():
            rarity = _rarity(len(questions_with), len(questions))
            self._weights[token] = self.share(token) * rarity
        self._unknown = UNKNOWN * _rarity(0, len(questions))
        for place, (number, tokens) in enumerate(texts):
            self._wordings.append((number, sum(self._weights[token] for token in tokens)))
            for token in tokens:
                self._in_wordings.setdefault(token, []).append(place)

    def knows(self, token: str, number: int) -> bool:
        return number in self._in_questions.get(token, ())

    def scores(self, tokens: frozenset[str]) -> dict[int, float]:
        """From nothing (absent) to one, by the number of the question."""
        weights = self._weights
        asked = sum(weights.get(token) or self.share(token) * self._unknown for token in tokens)
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
        return {
            number: WORDING_SHARE * score + (1 - WORDING_SHARE) * covered[number] / asked
            for number, score in best.items()
        }


class Index:
    """All wordings of all questions, prepared for looking up."""

    def __init__(self, questions: Iterable[tuple[str, Sequence[str]]], language: Language) -> None:
        given = list(questions)
        self.language = language
        self.ids = [name for name, _ in given]
        self._meanings = View(language.tokens, language.share)
        self._signs = View(language.signs, lambda token: SIGNS if len(token) > 1 else SIGN)
        for view in (self._meanings, self._signs):
            view.learn([wordings for _, wordings in given])
        self._own: list[frozenset[str]] = []  # of each question, what it is about
        self._exact: dict[str, str] = {}  # wording → its question, "" for several
        for name, wordings in given:
            spoken = [language.tokens(wording) for wording in wordings]
            self._own.append(language.subjects(frozenset.intersection(*spoken)))
            for wording in map(language.core, wordings):
                self._exact[wording] = name if self._exact.get(wording, name) == name else ""

    def find(self, text: str) -> Found:
        if self.language.about_others(text):
            return Found()
        if same := self._exact.get(self.language.core(text)):
            return Found(same, (same,), ((same, 1.0),))
        tokens = self.language.tokens(text)
        meant = self._meanings.scores(tokens)
        ranked = self._ranked(meant, self.language.signs(text) if tokens else frozenset())
        named = tuple((self.ids[number], round(score, 3)) for number, score in ranked[:SHOWN])
        near = tuple(name for name, score in named if score >= NEAR)
        lead = self._lead(tokens, ranked)
        sure = (
            lead >= LEAD
            and ranked[0][1] + LEAD_COUNTS * lead >= SURE
            and (lead >= CLEAR or self._says_enough(tokens, ranked[0][0], meant))
            and self._about_the_same(tokens, ranked[0][0])
        )
        return Found(named[0][0] if sure else "", near, named)

    def _ranked(self, meant: Mapping[int, float], signs: frozenset[str]) -> list[tuple[int, float]]:
        """The nearest questions by both views, each with its score."""
        seen = self._signs.scores(signs)
        scores = {
            number: MEANINGS_SHARE * meant.get(number, 0.0)
            + (1 - MEANINGS_SHARE) * seen.get(number, 0.0)
            for number in meant.keys() | seen.keys()
        }
        return nsmallest(RIVALS, scores.items(), key=lambda item: (-item[1], item[0]))

    def _lead(self, tokens: frozenset[str], ranked: Sequence[tuple[int, float]]) -> float:
        """How far the nearest is before the next that the message could be about."""
        if not ranked:
            return 0.0
        rivals = (score for rival, score in ranked[1:] if self._own[rival] <= tokens)
        return ranked[0][1] - next(rivals, 0.0)

    def _says_enough(self, tokens: frozenset[str], number: int, meant: Mapping[int, float]) -> bool:
        """A word like 证书 asks nothing; a few are enough where a wording means just the same."""
        if sum(map(self.language.share, tokens)) >= ENOUGH:
            return True
        several = len(tokens) > 1 or bool(self.language.subjects(tokens))
        return several and meant.get(number, 0.0) >= EXACT

    def _about_the_same(self, tokens: frozenset[str], number: int) -> bool:
        """Whatever the message is about, the question knows, and what the question is about, the
        message names: 评级报告多少钱 is no question about 山西."""
        known = all(self._meanings.knows(token, number) for token in self.language.subjects(tokens))
        return known and self._own[number] <= tokens


def _rarity(questions_with: int, total: int) -> float:
    return math.log(1 + (total - questions_with + 0.5) / (questions_with + 0.5))


def _plain(text: str) -> str:
    """One width, one case, letters and digits only."""
    wide = unicodedata.normalize("NFKC", text).lower()
    return "".join(character for character in wide if character.isalnum() or character == "+")


def _fold(text: str, sounds: Mapping[str, str]) -> str:
    return "".join(sounds.get(character, character) for character in _plain(text))
