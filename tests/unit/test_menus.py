"""The menu's file: read, refused with a reason, compared with what is published."""

import pytest

from bot.domain.errors import BadInput
from bot.domain.menus import BadMenu, difference, read
from bot.handlers.wechat.knowledge import shipped

AT = {"public_url": "https://a.cn", "mini_appid": "wxmini"}
SMALL = """
[[button]]
name = "首页"
open = "/h5/"
[[button]]
name = "更多"
[[button.sub]]
name = "承诺"
page = "pages/commit/index"
open = "/h5/commit"
[[button.sub]]
name = "扫码验真"
scan = "scan"
[[button.sub]]
name = "帮助"
click = "help"
"""


def test_each_kind_of_button_becomes_what_wechat_takes():
    assert read(SMALL, **AT) == [
        {"type": "view", "name": "首页", "url": "https://a.cn/h5/"},
        {
            "name": "更多",
            "sub_button": [
                {
                    "type": "miniprogram",
                    "name": "承诺",
                    "url": "https://a.cn/h5/commit",
                    "appid": "wxmini",
                    "pagepath": "pages/commit/index",
                },
                {"type": "scancode_waitmsg", "name": "扫码验真", "key": "scan"},
                {"type": "click", "name": "帮助", "key": "help"},
            ],
        },
    ]


def test_without_a_mini_program_its_button_opens_our_page():
    [_, more] = read(SMALL, public_url="https://a.cn", mini_appid="")

    assert more["sub_button"][0] == {
        "type": "view",
        "name": "承诺",
        "url": "https://a.cn/h5/commit",
    }


def test_our_own_menu_can_be_published():
    text = shipped.texts()[shipped.OA_MENU]
    shipped.press().check(shipped.OA_MENU, text)
    tops = read(text, **AT)

    kinds = {button["type"] for top in tops for button in top["sub_button"]}
    assert [top["name"] for top in tops] == ["信用服务", "证书", "我的协会"]
    assert kinds == {"click", "view", "miniprogram", "scancode_waitmsg"}


def test_a_button_that_nothing_answers_is_not_published():
    with pytest.raises(BadInput, match="没有 nothing 这个回复"):
        shipped.press().check(shipped.OA_MENU, SMALL.replace('"help"', '"nothing"'))
    with pytest.raises(BadInput, match="TOML"):
        shipped.press().check(shipped.OA_MENU, "x")


def test_what_wechat_adds_when_it_gives_the_menu_back_is_no_difference():
    wanted = read(SMALL, **AT)
    back = [{**button, "sub_button": button.get("sub_button", [])} for button in wanted]

    assert difference(back, wanted) == []


def test_the_difference_shows_both_sides_in_words():
    changed = SMALL.replace('click = "help"', 'click = "contact"')

    assert difference(read(SMALL, **AT), read(changed, **AT)) == [
        "  首页  open  https://a.cn/h5/",
        "  更多",
        "    承诺  page  pages/commit/index https://a.cn/h5/commit wxmini",
        "    扫码验真  scan  scan",
        "-   帮助  click  help",
        "+   帮助  click  contact",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1 到 3 个一级按钮"),
        ("x = 1", "1 到 3 个一级按钮"),
        ("[[button]", "不是正确的 TOML"),
        ('[[button]]\nname="好"\nclick="a"\n' * 4, "1 到 3 个一级按钮"),
        ('[[button]]\nname="一二三四五六"\nclick="a"', "1 到 16 字节"),
        ('[[button]]\nclick="a"', "1 到 16 字节"),
        ('[[button]]\nname="好"', "须恰好有"),
        ('[[button]]\nname="好"\nclick="a"\nscan="b"', "须恰好有"),
        ('[[button]]\nname="好"\nclick="a"\ncolour="red"', "须恰好有"),
        ('[[button]]\nname="好"\nclick=1', "须为文字"),
        ('[[button]]\nname="好"\nopen="https://b.cn"', "本站的路径"),
        ('[[button]]\nname="好"\nclick="a"\n[[button.sub]]\nname="x"\nclick="y"', "只写名字"),
        ('[[button]]\nname="好"\n' + '[[button.sub]]\nname="x"\nclick="y"\n' * 6, "1 到 5 个"),
    ],
)
def test_a_menu_that_wechat_would_refuse_is_refused_with_the_reason(text, told):
    with pytest.raises(BadMenu, match=told):
        read(text, **AT)
