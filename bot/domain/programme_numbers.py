"""The numbers in the chat's answers, taken from the programmes and packs: never typed twice."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

Table = Mapping[str, Any]
FREE = "现在不收费，申请照常办理。"
_COUNTED = "零一二三四五六七八九十"


def programme_numbers(programmes: Iterable[Table], packs: Mapping[str, Table]) -> dict[str, str]:
    """Placeholders with their text, of parsed programme files and the packs that they score by."""
    numbers: dict[str, str] = {}
    for programme in programmes:
        name = programme["id"].replace("-", "_")
        found = {
            "fee": _fee(programme),
            "membership": _membership(programme),
            "now": _on(programme) if programme["fee"]["mode"] == "on" else FREE,
            "on": _on(programme) if programme["fee"]["mode"] == "off" else "",
            "valid": _valid(programme),
            "notice": _notice(programme),
            "team": _people(programme, "team_at_least"),
            "committee": _people(programme, "committee_at_least"),
        }
        numbers |= {f"{what}_{name}": text for what, text in found.items() if text}
        if programme["id"] == "credit-evaluation" and programme.get("scheme") in packs:
            numbers |= _scores(packs[programme["scheme"]])
    return numbers


def charged(numbers: Mapping[str, str], switched_on: Iterable[str]) -> dict[str, str]:
    """The same where charging for these programmes has been switched on by hand."""
    names = [programme.replace("-", "_") for programme in switched_on]
    now = {f"now_{name}": numbers[f"on_{name}"] for name in names if f"on_{name}" in numbers}
    return {**numbers, **now}


def _on(programme: Table) -> str:
    """What is paid where charging is open."""
    fee, membership = _fee(programme), _membership(programme)
    if not fee:
        return ""
    return f"{fee}，含{membership}。" if membership else f"{fee}。"


def _fee(programme: Table) -> str:
    """The list price for somebody who is not a member."""
    prices = [p for p in programme["fee"].get("price", ()) if p["who"] != "member"]
    return _yuan(prices[0]["fen"]) if prices else ""


def _yuan(fen: int) -> str:
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02d}元" if rest else f"{whole}元"


def _membership(programme: Table) -> str:
    for price in programme["fee"].get("price", ()):
        if price.get("membership"):
            return f"{_COUNTED[price['membership_years']]}年{price['membership']}资格"
    return ""


def _valid(programme: Table) -> str:
    years = programme.get("certificate", {}).get("valid_years")
    return f"{_COUNTED[years]}年" if years else ""


def _notice(programme: Table) -> str:
    days = programme.get("notice", {}).get("working_days")
    return f"{days}个工作日" if days else ""


def _people(programme: Table, key: str) -> str:
    people = programme.get("flow", {}).get(key)
    return f"{people}人" if people else ""


def _scores(pack: Table) -> dict[str, str]:
    score = pack["score"]
    ends = {"base": score["base"], "top": score["at_most"], "floor": score["at_least"]}
    starts = {grade["name"].lower(): grade["from"] for grade in pack["grade"]}
    return {f"score_{name}": _points(value) for name, value in (ends | starts).items()}


def _points(value: int | Decimal) -> str:
    return format(Decimal(value).normalize(), "f")
