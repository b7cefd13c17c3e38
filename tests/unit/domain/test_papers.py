"""Where a plaque goes: what cannot be an address is refused at its field."""

import pytest

from bot.domain.errors import BadInput
from bot.domain.papers import Address


def test_an_address_that_nobody_could_deliver_to_is_refused_at_its_field():
    with pytest.raises(BadInput, match="请检查收件人、电话和地址") as refusal:
        Address("王建国", "1", "北京市西城区月坛南街59号")

    assert refusal.value.field == "phone"
