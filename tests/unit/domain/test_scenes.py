"""What a code of WeChat can carry, and the field that a refusal names."""

import pytest

from bot.domain.errors import BadInput
from bot.domain.scenes import Kind, Scene, check_link, check_page_scene, check_scene, read_scene


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


TOKEN = "aZ_-" * 10 + "abc"


@pytest.mark.parametrize(
    ("kind", "key", "page"),
    [
        (Kind.CERTIFICATE, "2026CNEAAA00001", "/v/2026CNEAAA00001"),
        (Kind.INVITATION, TOKEN, f"/h5/invitations/{TOKEN}"),
        (Kind.ENTERPRISE, "91140100MA0K9T2X38", "/v?q=91140100MA0K9T2X38"),
        (Kind.EVENT, "fair-2026", "/?from=fair-2026"),
    ],
)
def test_each_thing_has_a_scene_that_fits_and_leads_to_its_page(kind, key, page):
    scene = Scene(kind, key)

    check_scene(scene.text)
    assert (read_scene(scene.text), scene.page) == (scene, page)


@pytest.mark.parametrize(
    "text", ["", "c", "c:", "x:1", "c:../me", "i:short", "e:1", "a:A B", "a:", "bind:7f3a", ":c"]
)
def test_a_scene_of_nothing_is_none(text):
    assert read_scene(text) is None


def test_a_scene_with_a_wrong_key_cannot_be_made():
    assert refused(Scene, Kind.CERTIFICATE, "../me") == "scene"
