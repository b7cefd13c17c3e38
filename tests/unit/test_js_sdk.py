"""The JS-SDK signature: WeChat's own vector, and no page but ours."""

import pytest

from bot.domain.errors import BadInput
from bot.domain.js_sdk import own_address, signature


def test_the_signature_of_wechats_own_page_comes_out():
    signed = signature(
        ticket="sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl"
        "-HhTdfl2fzFy1AOcHKP7qg",
        nonce="Wm3WZYTPz0wzccnW",
        timestamp=1414587457,
        url="http://mp.weixin.qq.com?params=value",
    )

    assert signed == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


def test_the_fragment_is_not_signed_and_nothing_else_is_changed():
    page = own_address("https://a.cn/h5/x?名=值&b=%20#step-2", public_url="https://a.cn")

    assert page == "https://a.cn/h5/x?名=值&b=%20"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.cn/",
        "http://a.cn/",
        "https://a.cn.evil.cn/",
        "https://a.cn@evil.cn/",
        "https://a.cn:444/",
        "//a.cn/",
        "a.cn",
        "https://[a.cn/",
        "",
    ],
)
def test_a_page_of_anybody_else_is_not_signed(url):
    with pytest.raises(BadInput):
        own_address(url, public_url="https://a.cn")
