"""The tools that judge the code, each as one test: they work beside the others, not before them."""

import pytest

from tests.check import GATES, Gate

pytestmark = pytest.mark.gate


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_the_gate_holds(gate: Gate):
    assert gate.complaints() == ""
