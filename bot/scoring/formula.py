"""A small language for financial formulas, in the words of the pack; exact, and safe to publish.

formula = term { ("+" | "-") term }
term    = factor { ("×" | "*" | "÷" | "/") factor }
factor  = number | item | "-" factor | "(" formula ")"
        | ("年初" | "上年" | "三年前" | "平均") "(" item ")" | "立方根" "(" formula ")"
"""

import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal

Exact = tuple[int, int]  # numerator and positive denominator, not reduced: faster than Fraction
Step = Callable[["Book"], Exact]

_WORD = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([^\W\d]\w*)|([-+×*÷/()]))")
_BACK = {"年初": 1, "上年": 1, "三年前": 3}
_ROOT_PLACES = 10**12
_PLACES = 10**6


class Unknown(Exception):
    """A figure that cannot be known; the text says why, in words for the enterprise."""


class FormulaError(Exception):
    """A formula that cannot be read; the text says where."""


class Book:
    """The statements of some years, looked up by item and by years back from the latest."""

    __slots__ = ("_found", "_years", "latest")

    def __init__(
        self,
        years: Mapping[int, tuple[Mapping[str, Decimal], Mapping[str, Decimal]]],
        latest: int | None = None,
    ) -> None:
        self._years, self.latest = years, latest or max(years)
        self._found: dict[tuple[str, int], Exact] = {}

    def seen_from(self, year: int) -> "Book":
        """The same statements, as if this year were the latest."""
        return Book(self._years, year)

    def value(self, place: tuple[str, int]) -> Exact:
        """An item of some years back, worked out once for all the formulas that ask."""
        found = self._found.get(place)
        if found is None:
            found = self._found[place] = self._look_up(*place)
        return found

    def _look_up(self, item: str, back: int) -> Exact:
        """The comparative column of the year after serves as well as the year's own."""
        year = self.latest - back
        own, after = self._years.get(year), self._years.get(year + 1)
        amount = own[0].get(item) if own else None
        if amount is None and after:
            amount = after[1].get(item)
        if amount is None:
            if own is None and after is None:
                raise Unknown(f"缺少 {year} 年的报表")
            raise Unknown(f"报表里没有填 {year} 年的“{item}”")
        return amount.as_integer_ratio()


class Formula:
    """A formula, read once; calling it with a book gives the exact value."""

    def __init__(self, text: str, positive: Collection[str], items: Collection[str]) -> None:
        self.text = text
        main, parts = _Parser(text, items), [_Parser(part, items) for part in positive]
        self._value = main.whole()
        steps = {part.whole(): part.words() for part in parts}
        # A divisor is held above zero where it divides, everything else before.
        self._positive = [(words, s) for s, words in steps.items() if words not in main.divisors]
        # Divisors that `positive` does not name, as a reader of the pack must be able to see.
        divisors = main.divisors.union(*(part.divisors for part in parts))
        self.unguarded = tuple(sorted(divisors.difference(steps.values())))

    def __call__(self, book: Book) -> Exact:
        for words, step in self._positive:
            if step(book)[0] <= 0:
                raise Unknown(_not_positive(words))
        return self._value(book)


class _Parser:
    """Recursive descent; every method returns a closure over the book."""

    def __init__(self, text: str, items: Collection[str]) -> None:
        self._text, self._items = text, frozenset(items)
        self._words_found: list[str] = []
        self.divisors: set[str] = set()  # filled by `whole`
        self._at = position = 0
        while text[position:].strip():
            found = _WORD.match(text, position)
            if found is None:
                at = len(text) - len(text[position:].lstrip()) + 1
                raise FormulaError(f"公式“{text}”第 {at} 个字起看不懂")
            self._words_found.append(found[0].strip())
            position = found.end()

    def whole(self) -> Step:
        step = self._sum()
        if self._peek():
            raise FormulaError(f"公式“{self._text}”里多了“{self._peek()}”")
        return step

    def words(self, first: int = 0) -> str:
        """The words taken since `first`, without spaces and outer brackets."""
        words = "".join(self._words_found[first : self._at])
        return words[1:-1] if words.startswith("(") else words

    def _peek(self) -> str:
        return self._words_found[self._at] if self._at < len(self._words_found) else ""

    def _take(self, wanted: str = "") -> str:
        word = self._peek()
        if not word or (wanted and word != wanted):
            raise FormulaError(f"公式“{self._text}”缺少“{wanted or '内容'}”")
        self._at += 1
        return word

    def _sum(self) -> Step:
        step = self._product()
        while self._peek() in {"+", "-"}:
            sign = 1 if self._take() == "+" else -1
            step = _added(step, self._product(), sign)
        return step

    def _product(self) -> Step:
        step = self._factor()
        while self._peek() in {"×", "*", "÷", "/"}:
            divide = self._take() in {"÷", "/"}
            first = self._at
            right = self._factor()
            step = self._over(step, right, first) if divide else _times(step, right)
        return step

    def _over(self, left: Step, right: Step, first: int) -> Step:
        words = self.words(first)
        if not words[0].isdigit():  # a plain number needs no guard
            self.divisors.add(words)
        return _divided(left, right, _not_positive(words))

    def _factor(self) -> Step:
        word = self._take()
        if word == "(":
            step = self._sum()
            self._take(")")
            return step
        if word == "-":
            return _times(self._factor(), lambda _: (-1, 1))
        if word[0].isdigit():
            number = Decimal(word).as_integer_ratio()
            return lambda _: number
        if word in _BACK or word == "平均":
            return self._looked_back(word)
        if word == "立方根":
            self._take("(")
            step = self._sum()
            self._take(")")
            return _cube_root(step)
        return self._item(word, 0)

    def _looked_back(self, word: str) -> Step:
        self._take("(")
        item = self._take()
        self._take(")")
        if word == "平均":
            half = _added(self._item(item, 0), self._item(item, 1), 1)
            return _times(half, lambda _: (1, 2))
        return self._item(item, _BACK[word])

    def _item(self, item: str, back: int) -> Step:
        if item not in self._items:
            raise FormulaError(f"公式“{self._text}”里的“{item}”不是报表科目")
        place = item, back
        return lambda book: book.value(place)


def _added(left: Step, right: Step, sign: int) -> Step:
    def step(book: Book) -> Exact:
        (a, b), (c, d) = left(book), right(book)
        return a * d + sign * c * b, b * d

    return step


def _times(left: Step, right: Step) -> Step:
    def step(book: Book) -> Exact:
        (a, b), (c, d) = left(book), right(book)
        return a * c, b * d

    return step


def _not_positive(words: str) -> str:
    return f"“{words}”不大于零，不能计算"


def _divided(left: Step, right: Step, why: str) -> Step:
    """Two minus signs would make the worst look like the best: a divisor must be above zero."""

    def step(book: Book) -> Exact:
        (a, b), (c, d) = left(book), right(book)
        if c <= 0:
            raise Unknown(why)
        return a * d, b * c

    return step


def _cube_root(inner: Step) -> Step:
    def step(book: Book) -> Exact:
        a, b = inner(book)
        if a < 0:
            raise Unknown("负数不能计算平均增长率")
        return _floor_cube_root(a * _ROOT_PLACES**3 // b), _ROOT_PLACES

    return step


def _floor_cube_root(number: int) -> int:
    if not number:
        return 0
    guess = 1 << -(-number.bit_length() // 3)  # never below the root
    while True:
        better = (2 * guess + number // (guess * guess)) // 3
        if better >= guess:
            return guess
        guess = better


# A threshold is a whole number of millionths. Therefore a value reaches it (以上) exactly when the
# value cut down to millionths does, and stays within it exactly when the value cut up does: one
# division compares with every threshold, and nothing is rounded across one.


def millionths(threshold: Decimal) -> int:
    scaled = threshold * _PLACES
    if scaled != int(scaled):
        raise FormulaError(f"{threshold} 的小数超过六位")
    return int(scaled)


def cut_down(value: Exact) -> int:
    return value[0] * _PLACES // value[1]


def cut_up(value: Exact) -> int:
    return -(-value[0] * _PLACES // value[1])
