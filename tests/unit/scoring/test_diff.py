"""A dry run names what moved an enterprise, the frame of the scheme included."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from bot.scoring.diff import Reason, compare
from bot.scoring.pack import Pack

TODAY = date(2026, 3, 1)


def test_an_enterprise_that_a_higher_base_lifts_is_shown_the_base(public: Pack, make_facts):
    facts = make_facts(public, registration_status="存续")
    lifted = replace(public, score=replace(public.score, base=public.score.base + Decimal(15)))

    (move,) = compare(public, lifted, [("甲公司", facts, facts)], TODAY).moves

    assert (move.level_before, move.level_after) == ("A", "AA")
    assert move.reasons == (Reason("起点", "800 分", "815 分"),)


def test_under_the_same_pack_nobody_moves_and_nothing_is_said(public: Pack, make_facts):
    facts = make_facts(public, registration_status="存续")

    (move,) = compare(public, public, [("甲公司", facts, facts)], TODAY).moves

    assert (move.moved, move.reasons) == (False, ())
