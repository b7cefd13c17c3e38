"""The tools that judge the whole tree, when everything is tried: they work while the tests are
still read, when a processor has nothing else to do."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.check import GATES

_judges = ThreadPoolExecutor(1)
_judged: list[tuple[str, Future[str]]] = []


@pytest.hookimpl(trylast=True)  # when the servers have started
def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        _judged.extend((gate.name, _judges.submit(gate.complaints)) for gate in GATES)


def pytest_unconfigure() -> None:
    _judges.shutdown(wait=False, cancel_futures=True)  # whoever has interrupted waits for none


def gaps() -> Iterator[str]:
    """What each has to complain of."""
    if not _judged:
        yield "no gate was tried"
    for name, judged in _judged:
        if complaints := judged.result():
            yield f"the gate of {name} does not hold:\n{complaints}"
