"""The codec's cost in instructions, against wechatpy's in the same minute; no clock is involved."""

from tests.bench.callgrind import LIMIT, per_message


def test_a_whole_callback_cycle_costs_at_most_045_of_wechatpys():
    counts = per_message()

    assert 0 < counts["ours"] <= LIMIT * counts["wechatpy"], counts
