"""Entries as bytes and leaves as a tree: the same as the standards say."""

from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from hashlib import sha256
from uuid import UUID

import pytest

from bot.domain.audit import Head, Tree, canonical, leaf, node, readable


class State(StrEnum):
    OPEN = "open"


class Level(IntEnum):
    A = 1


def test_an_entry_is_sorted_json_without_spaces():
    given = {
        "b": State.OPEN,
        "a": UUID(int=1),
        "at": datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=8))),
        "bytes": b"\x01\xff",
        "deep": {"z": None, "y": [] == [], "x": Level.A},
        "words": "信用\n“好”",
    }

    assert canonical(given).decode() == (
        '{"a":"00000000-0000-0000-0000-000000000001","at":"2026-03-02T01:30:00.000000Z","b":"open",'
        '"bytes":"01ff","deep":{"x":1,"y":true,"z":null},"words":"信用\\n“好”"}'
    )


@pytest.mark.parametrize("value", [0.1, {1, 2}, object()])
def test_what_has_no_exact_form_cannot_stand_in_an_entry(value):
    with pytest.raises(TypeError, match="audit entry"):
        canonical({"value": value})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (State.OPEN, True),
        (Level.A, True),
        (True, True),
        (None, True),
        (UUID(int=1), True),
        ("13800138000", False),
        (13800138000, False),
        (b"x", False),
        (datetime(2026, 3, 2, tzinfo=UTC), False),
    ],
)
def test_only_what_our_own_code_names_stays_readable(value, shown):
    assert readable(value) is shown


def merkle(leaves: list[bytes]) -> bytes:
    """The tree hash as RFC 6962, 2.1 defines it, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1" + merkle(leaves[:k]) + merkle(leaves[k:])).digest()


def test_the_tree_has_the_root_of_the_standard_at_every_size():
    tree, leaves = Tree(), []
    assert tree.root == merkle([])
    for number in range(130):
        leaves.append(leaf(str(number).encode()))
        tree = tree.add(leaves[-1])
        assert (tree.size, tree.root) == (number + 1, merkle(leaves))


def test_a_leaf_never_looks_like_a_node():
    left, right = leaf(b"1"), leaf(b"2")

    assert leaf(left + right) != node(left, right)


def test_what_is_signed_names_size_root_predecessor_and_time():
    at = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)

    said = Head(2, b"\xab", 1, at, "a1", b"\1")

    assert said.text == b"credit audit log\n2\nab\n1\n2026-03-02T01:30:00.000000Z\n"
    assert Head.read(said.shown()) == said
