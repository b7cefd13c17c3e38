"""Member rosters as files: a heading and rows that are right, of any length."""

import csv
from collections.abc import Iterator
from pathlib import Path
from random import Random

from bot.domain import industries
from tests import people

HEADING = ("统一社会信用代码", "企业名称", "会员级别", "会员起始日", "会员截止日", "联系人",
           "手机号", "法定代表人", "行业", "成立日期", "登记状态", "住所")  # fmt: skip


def rows(count: int, *, seed: int = 1) -> Iterator[list[str]]:
    random = Random(seed)
    divisions = [code for code, _ in industries.choices()]
    for number in range(count):
        yield [
            people.code(number),
            f"测试{number}号实业有限公司",
            random.choice(("会员", "理事会员")),
            "2026-01-01",
            "2026-12-31",
            f"张{number % 97}",
            f"138{number:08d}",
            f"李{number % 89}",
            random.choice(divisions),
            f"20{random.randrange(10, 24)}-0{random.randrange(1, 10)}-15",
            "存续",
            f"某市某区某路{number}号",
        ]


def write(path: Path, given: list[list[str]], *, encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([HEADING, *given])
    return path
