"""The vault: what is sealed opens with its key, in its place, unchanged, and nowhere else."""

import pytest

from bot.clients.vault import CannotOpen, Vault, key_id, read_keys

OLD, NEW, INDEX = b"o" * 32, b"n" * 32, b"i" * 32
PHONE = "13800138000"


def vault(**keys: bytes) -> Vault:
    return Vault(keys or {"k1": OLD}, INDEX)


def test_what_was_sealed_opens_again_and_is_not_seen_from_outside():
    sealed = vault().seal(PHONE, context="member:1:phone")

    assert PHONE.encode() not in sealed
    assert vault().open(sealed, context="member:1:phone") == PHONE


def test_the_same_text_is_sealed_differently_each_time():
    one, other = (vault().seal(PHONE, context="c") for _ in range(2))

    assert one != other


def test_a_value_that_was_moved_to_another_row_does_not_open():
    sealed = vault().seal(PHONE, context="member:1:phone")

    with pytest.raises(CannotOpen):
        vault().open(sealed, context="member:2:phone")


def test_no_changed_byte_is_accepted():
    sealed = vault().seal(PHONE, context="c")

    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(CannotOpen):
            vault().open(bytes(changed), context="c")


def test_no_shorter_value_is_accepted():
    sealed = vault().seal(PHONE, context="c")

    for length in range(len(sealed)):
        with pytest.raises(CannotOpen):
            vault().open(sealed[:length], context="c")


def test_another_key_of_the_same_name_does_not_open_it():
    sealed = vault(k1=OLD).seal(PHONE, context="c")

    with pytest.raises(CannotOpen):
        vault(k1=NEW).open(sealed, context="c")


def test_after_a_rotation_the_new_key_seals_and_the_old_one_still_opens():
    before = vault(k1=OLD).seal(PHONE, context="c")
    rotated = vault(k2=NEW, k1=OLD)
    after = rotated.seal(PHONE, context="c")

    assert rotated.open(before, context="c") == rotated.open(after, context="c") == PHONE
    assert [key_id(before), key_id(after)] == ["k1", "k2"]
    assert [rotated.stale(before), rotated.stale(after)] == [True, False]


def test_what_was_sealed_with_a_key_that_is_gone_stays_closed():
    sealed = vault(k1=OLD).seal(PHONE, context="c")

    with pytest.raises(CannotOpen):
        vault(k2=NEW).open(sealed, context="c")


def test_a_context_cannot_be_left_out():
    with pytest.raises(ValueError, match="context"):
        vault().seal(PHONE, context="")
    with pytest.raises(ValueError, match="context"):
        vault().blind(PHONE, context="")


def test_a_blind_index_is_equal_for_equal_values_of_one_kind_and_survives_a_rotation():
    first = vault(k1=OLD).blind(PHONE, context="phone")

    assert vault(k2=NEW, k1=OLD).blind(PHONE, context="phone") == first
    assert vault().blind(PHONE, context="id_card") != first
    assert vault().blind("13800138001", context="phone") != first
    assert Vault({"k1": OLD}, NEW).blind(PHONE, context="phone") != first


def test_a_vault_does_not_show_its_keys():
    assert repr(vault()) == "Vault()"


@pytest.mark.parametrize("text", ["k1", "k1:ab", "k-1:" + "ab" * 32, ":" + "ab" * 32, "k1:zz"])
def test_a_key_that_is_written_wrongly_is_refused(text: str):
    with pytest.raises(ValueError, match=r"hexadecimal"):
        read_keys(text)


def test_two_keys_with_one_id_are_refused():
    with pytest.raises(ValueError, match="same id"):
        read_keys(f"k1:{'ab' * 32},k1:{'cd' * 32}")


def test_keys_are_read_in_the_order_in_which_they_are_written():
    assert list(read_keys(f"k2:{'ab' * 32}, k1:{'cd' * 32}").items()) == [
        ("k2", b"\xab" * 32),
        ("k1", b"\xcd" * 32),
    ]


def test_a_vault_without_a_key_or_with_a_short_one_is_refused():
    for keys in ({}, {"k1": b"short"}):
        with pytest.raises(ValueError, match="32 bytes"):
            Vault(keys, INDEX)
