"""The steps of a commitment: each starts from its own states and from no other."""

import pytest

from bot.domain.commitments import STEPS, NoSuchStep, State, step

ACTS = [(action, state) for action in STEPS for state in State]


@pytest.mark.parametrize(("action", "state"), [x for x in ACTS if x[1] in STEPS[x[0]].sources])
def test_a_step_leads_from_its_own_states_to_its_target(action: str, state: State) -> None:
    assert step(action, state) is STEPS[action].target


@pytest.mark.parametrize(("action", "state"), [x for x in ACTS if x[1] not in STEPS[x[0]].sources])
def test_a_step_from_any_other_state_is_refused(action: str, state: State) -> None:
    with pytest.raises(NoSuchStep):
        step(action, state)


@pytest.mark.parametrize("ended", [State.ABANDONED, State.REPLACED, State.WITHDRAWN])
def test_what_has_ended_takes_no_step_any_more(ended: State) -> None:
    assert not [action for action in STEPS if ended in STEPS[action].sources]
