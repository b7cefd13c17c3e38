"""Which lines and branches of the product the tests ran, added up from all test processes.

Only those are measured: what a test starts as a process of its own runs as it does for a customer.
The probes are set by the process that they all come from, see `tests/nursery`.
"""

import json
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

import pytest
from slipcover import merge_coverage

RULES = ("bot/domain/", "bot/scoring/")
ALL_OF_THE_RULES, MOST_OF_THE_REST = 100.0, 90.0
CARRIED = "coverage"

_told: list[dict[str, Any]] = []


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        from tests.probes import PROBES  # where they were set, that is in a test process

        output[CARRIED] = json.dumps(PROBES.get_coverage())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # pytest-xdist has no types
    if CARRIED in getattr(node, "workeroutput", {}):
        _told.append(json.loads(node.workeroutput[CARRIED]))


def gaps() -> Iterator[str]:
    """What falls below its threshold (rules: a hundred percent), and the lines without a test."""
    if not _told:
        yield "no test process told what it ran"
        return
    whole = reduce(merge_coverage, _told)
    files = whole["files"]
    rules = {name: file for name, file in files.items() if name.startswith(RULES)}
    rest = {name: file for name, file in files.items() if name not in rules}
    for part, least in ((rules, ALL_OF_THE_RULES), (rest, MOST_OF_THE_REST)):
        got = percent(part)
        if got < least:
            yield f"{got:.2f} % covered, {least} % needed:\n" + "\n".join(lacking(part))


def percent(files: Mapping[str, Mapping[str, list[Any]]]) -> float:
    def count(*keys: str) -> int:
        return sum(len(file[key]) for file in files.values() for key in keys)

    ran = count("executed_lines", "executed_branches")
    whole = ran + count("missing_lines", "missing_branches")
    return 100.0 * ran / whole if whole else 100.0


def lacking(files: Mapping[str, Mapping[str, list[Any]]]) -> Iterator[str]:
    for name, file in sorted(files.items()):
        lines, branches = file["missing_lines"], file["missing_branches"]
        if lines or branches:
            yield f"  {name}: lines {lines}, branches {branches}"
