"""What a code of WeChat can carry, and the field that a refusal names."""

import pytest

from bot.domain.errors import BadInput
from bot.domain.scenes import check_link, check_page_scene, check_scene


def refused(check, *given: object) -> str | None:
    """The field that is refused, or nothing."""
    try:
        check(*given)
    except BadInput as refusal:
        return refusal.field
    return None


@pytest.mark.parametrize(
    ("scene", "field"), [("a", None), ("a" * 64, None), ("", "scene"), ("a" * 65, "scene")]
)
def test_a_scene_of_the_service_account(scene, field):
    assert refused(check_scene, scene) == field


@pytest.mark.parametrize(
    ("scene", "page", "field"),
    [
        ("c=12", "pages/check/index", None),
        ("a" * 33, "pages/check/index", "scene"),
        ("证书", "pages/check/index", "scene"),
        ("c=12", "/pages/check/index", "page"),
    ],
)
def test_a_scene_of_a_mini_program_page(scene, page, field):
    assert refused(check_page_scene, scene, page) == field


@pytest.mark.parametrize(
    ("path", "query", "days", "field"),
    [
        ("/pages/check/index", "c=12", 30, None),
        ("pages/check/index", "c=12", 30, "path"),
        ("/pages/check/index?c=12", "", 30, "path"),
        ("/pages/check/index", "a" * 1025, 30, "query"),
        ("/pages/check/index", "", 0, "days"),
        ("/pages/check/index", "", 31, "days"),
    ],
)
def test_a_link_to_a_mini_program_page(path, query, days, field):
    assert refused(check_link, path, query, days) == field
