"""The public lists searched by a part of a name, or by a whole credit code.

Names are sets of pairs of signs (`name_pairs`, migration 0018), so that two signs are found by an
index. A single sign, and what half of all names end with, has no pairs: there the list is read
along, the newest first, until the page is full.
"""

import re
from typing import Any

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.certificates import CREDIT_CODE, typed_number

_PAIRS = "string_to_array(btrim(name_pairs({})), ' ')"
_UNFINISHED = re.compile(r"(股份有限公?|有限责任?公?|有限公?|股份)$")
"""A legal form that was typed in part: the whole one does not count in `name_pairs` either."""


async def among(table: str, shown: str, words: str, value: str) -> tuple[str, list[object]]:
    """What stands after FROM for the rows that hold these words, and what `value` ($1, $2 …) is.

    `shown` is what the index of names is limited to. What that index finds is found first, whatever
    else is asked: OFFSET keeps the planner from cutting up one name after the other instead.
    """
    if not words.strip():
        return table, []
    code = typed_number(words)
    if CREDIT_CODE.fullmatch(code):
        return f"(SELECT * FROM {table} WHERE credit_code = {value})", [code]  # noqa: S608
    begun = _UNFINISHED.sub("", words.strip())
    [row] = await fetch(f"SELECT {_PAIRS.format('$1::text')} AS pairs", begun)
    if not row["pairs"] or len(row["pairs"][0]) < 2:
        pattern = f"%{_literal(words.strip())}%"
        return f"(SELECT * FROM {table} WHERE name LIKE {value})", [pattern]  # noqa: S608
    holds = f"{_PAIRS.format('name')} @> {value}::text[]"
    return f"(SELECT * FROM {table} WHERE {shown} AND {holds} OFFSET 0)", [row["pairs"]]  # noqa: S608


async def planned(sql: str, *values: Any) -> list[dict[str, Any]]:  # SQL values
    """Ask with a plan for these very values: one for any words would read the whole table."""
    async with in_transaction():
        await fetch("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
        return await fetch(sql, *values)


def _literal(words: str) -> str:
    """What somebody typed, with nothing in it that LIKE would read otherwise."""
    return words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
