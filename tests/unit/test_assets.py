"""Assets: content-hashed, packed once, and missing ones found at the start."""

import gzip
import json
import re

import brotli
import pytest

from bot.handlers import assets
from bot.handlers.assets import ROOT, MissingAssetError


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "templates/static").mkdir(parents=True)
    (tmp_path / "templates/static/own.css").write_text("a{color:red}" * 50)
    (tmp_path / "node_modules/lib").mkdir(parents=True)
    (tmp_path / "node_modules/lib/lib.css").write_text("b{}\n/*# sourceMappingURL=lib.css.map */")
    return tmp_path


def test_the_address_changes_with_the_content_and_only_with_it(tree):
    def address() -> str:
        return assets.prepare(assets.gather(tree, {})).url("own.css")

    first, again = address(), address()
    (tree / "templates/static/own.css").write_text("a{color:blue}")

    assert re.fullmatch(r"/a/own\.[0-9a-f]{12}\.css", first)
    assert again == first
    assert address() != first


def test_packed_bodies_unpack_to_the_plain_one_and_are_kept_only_when_smaller(tree):
    made = assets.prepare(assets.gather(tree, {"lib.css": "lib/lib.css"}))
    own, lib = sorted(made.by_name.values(), key=lambda asset: asset.url, reverse=True)

    assert brotli.decompress(own.bodies["br"]) == own.bodies[""]
    assert gzip.decompress(own.bodies["gzip"]) == own.bodies[""]
    assert lib.bodies == {"": b"b{}"}


def test_a_missing_package_stops_the_start_and_says_what_installs_it(tree):
    with pytest.raises(MissingAssetError, match=re.escape("请运行 ./run")):
        assets.gather(tree, {"weui.css": "weui/weui.css"})


def test_a_template_cannot_name_an_unknown_asset(tree):
    with pytest.raises(KeyError):
        assets.prepare(assets.gather(tree, {})).url("gone.css")


def test_what_pages_and_documents_take_from_npm_is_in_package_json():
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]

    packages = {path.split("/")[0] for path in assets.LIBRARIES.values()}
    fonts = {"@expo-google-fonts/noto-sans-sc", "@expo-google-fonts/noto-serif-sc"}
    assert packages | fonts <= set(wanted)
