"""A ratio's formula as lines of plain Python in whole numbers, for the generated yardstick."""

import ast
from decimal import Decimal
from typing import Any, Protocol

from bot.scoring.formula import _floor_cube_root

ROOT = 10**12


class Lines(Protocol):
    """Where the lines go, and the names that they may use."""

    names: dict[str, Any]
    lines: list[str]

    def say(self, depth: int, line: str) -> None: ...


class Written:
    """A formula written out in whole numbers; each figure and divisor that fails ends it there."""

    def __init__(self, source: Lines) -> None:
        self.source, self.depth, self.seen = source, 1, {}
        source.names["root"] = _floor_cube_root

    def formula(self, text: str, positive: tuple[str, ...]) -> tuple[int, str, str]:
        """How deep it stands at last, and its numerator and denominator."""
        self.held(positive)
        top, bottom = self.of(_tree(text))
        return self.depth, top, bottom

    def held(self, positive: tuple[str, ...]) -> None:
        for words in positive:
            self.check(self.of(_tree(words))[0])

    def check(self, top: str) -> None:
        self.source.say(self.depth, f"if {top} > 0:")
        self.depth += 1

    def of(self, node: ast.expr) -> tuple[str, str]:
        if isinstance(node, ast.Constant):
            top, bottom = Decimal(str(node.value)).as_integer_ratio()
            return str(top), str(bottom)
        if isinstance(node, ast.Name):
            return self.figure(node.id, 0)
        if isinstance(node, ast.UnaryOp):
            top, bottom = self.of(node.operand)
            return f"(-{top})", bottom
        if isinstance(node, ast.Call):
            return self.called(node.func.id, node.args[0])
        return self.joined(node)

    def joined(self, node: ast.BinOp) -> tuple[str, str]:
        (a, b), (c, d) = self.of(node.left), self.of(node.right)
        if isinstance(node.op, ast.Div):
            if not isinstance(node.right, ast.Constant):
                self.check(c)
            return self.named(f"{a} * {d}", f"{b} * {c}")
        if isinstance(node.op, ast.Mult):
            return self.named(f"{a} * {c}", f"{b} * {d}")
        sign = "+" if isinstance(node.op, ast.Add) else "-"
        return self.named(f"{a} * {d} {sign} {c} * {b}", f"{b} * {d}")

    def called(self, word: str, inner: ast.expr) -> tuple[str, str]:
        if word == "立方根":
            top, bottom = self.of(inner)
            self.source.say(self.depth, f"if {top} >= 0:")
            self.depth += 1
            return self.named(f"root({top} * {ROOT}**3 // {bottom})", str(ROOT))
        if word == "平均":
            (a, b), (c, d) = self.figure(inner.id, 0), self.figure(inner.id, 1)
            return self.named(f"{a} * {d} + {c} * {b}", f"{b} * {d} * 2")
        return self.figure(inner.id, {"年初": 1, "上年": 1, "三年前": 3}[word])

    def named(self, top: str, bottom: str) -> tuple[str, str]:
        n = len(self.source.lines)
        self.source.say(self.depth, f"t{n}, b{n} = {top}, {bottom}")
        return f"t{n}", f"b{n}"

    def figure(self, item: str, back: int) -> tuple[str, str]:
        """An item of some years back; the comparative column of the year after serves as well."""
        if (item, back) not in self.seen:
            n = len(self.source.lines)
            self.source.say(self.depth, f"x{n} = y{back}.items.get({item!r}) if y{back} else None")
            if back:
                self.source.say(self.depth, f"if x{n} is None and y{back - 1}:")
                self.source.say(self.depth + 1, f"x{n} = y{back - 1}.before.get({item!r})")
            self.source.say(self.depth, f"if x{n} is not None:")
            self.depth += 1
            self.source.say(self.depth, f"t{n}, b{n} = x{n}.as_integer_ratio()")
            self.seen[item, back] = f"t{n}", f"b{n}"
        return self.seen[item, back]


def _tree(text: str) -> ast.expr:
    return ast.parse(text.replace("×", "*").replace("÷", "/"), mode="eval").body
