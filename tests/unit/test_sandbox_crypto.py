"""The sandbox's own envelope against the published vectors of WeChat's callback."""

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.sandbox import crypto
from bot.sandbox.crypto import BadEnvelope, Keys

SAMPLE_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OFFICIAL = Keys.of("wxba5fad812f8e6fb9", "AAAAA", "A" * 43)
JAVA = Keys.of("wxb11529c136998cb6", "pamtest", SAMPLE_KEY)
OURS = Keys.of("wxba5fad812f8e6fb9", "AAAAA", SAMPLE_KEY)

V3 = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcv"
    "ZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3F"
    "n2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSe"
    "OBrebufAlr7F9mFUPAJGj04="
)
V6 = (
    "rTNFcsut4LfGuAFKEUVVpwcaCOTJzOd9twZdIW910jb3k+iicx2uvhttIZ3Qg9Qgty3BEF2xbOrz6boTfb30dMomcgrk"
    "TqdFPwnhqbk+kIQ7rZiwny9D7NUrTgA5kpX3KsZvrXzUZyP2x9YOlxbgm572lmxKvM7HAQQhIQ/p6HBmoY30bGXFK0Bt"
    "Iu1pW9TjhOYrLQoU18nWYjWqDA1ynkmOytpv7QRI1P1+0NoxL0q2zO1DgeSvnE8CZGo/o5Ap/WHK5W2RAsinpzN4/LjP"
    "nmB6U01I5XCoJoC0GK/yMZycd2Oh8Nq6+wBkC1U85oy0ktOY4nLvsQMLrourmMGdZHuTbqpeJ8Ao/5PRYJ+WBvRUwPfG"
    "KBL2+2IKZF49vAJqkcGWSHGE76ZN2erXeuNazf/o9o3lIE3q739o4c8t9QGPe31GT2Go/rOz1BsrASwvauNulCh+++yz"
    "+CQzBIuikA=="
)
V7_MESSAGE = (
    "<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName>"
    "<FromUserName><![CDATA[o9AgO5Kd5ggOC-bXrbNODIiE3bGY]]></FromUserName>"
    "<CreateTime>1714112445</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[年审提醒😀]]></Content><MsgId>24571563425563452</MsgId></xml>"
)
V7 = (
    "Q3stYC6hdFzMh9T8HCvyDC0D57j3AhG//qoNYvQT6egYWz/12S8K72UPezKhiQNaG2Uk0A9sE1cG+aYhY+nNwzcQMmgj"
    "6FkWM1pG0CItO1YXwxXrweU8ABAhWXQ+0iho7qA2yJuknZJQi8cDfRsEWtCZG5lqaakPqyeEG6E37PC2e0DXucWBzhzo"
    "rMV5u44RJyzT14TAnqzLXzwpTexMor0XlWnGwoJlIkNlswEeEmIzWDcS/Ky9Y/uqJyXKC1dfnyA8o+3vyh0A22x0y93v"
    "HnYhThC3G60zVUOeiQFfET0qAnelmtY2flYQ1aV6pU/EaVXUyZ5vUM395Q7n/bhfiHIRUzmNFxM5gaP0meqIc+vkPvsi"
    "p9rhSKDBRRsy7c2UsZaw3PFMhtj6Fn4zX4i2cHPEW5uhJIXRY2G0qGEfjx8="
)
V8 = (
    "Q3stYC6hdFzMh9T8HCvyDPUcX4TisFrTqPyTunjoEb0qvKaatEF4fLHn23AUF5VL2CQLcvLY2MW9p8YPFqNv0MG61ytK"
    "zvBl2Fn8+syUHN2ITbDbvx3T/O5BKYQq6pBG"
)
DIGITS = b"0123456789abcdef"

SEALED = [
    pytest.param(
        OFFICIAL,
        b'{"demo_resp":"good luck"}',
        b"707722b803182950",
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
        id="V4",
    ),
    pytest.param(
        JAVA,
        "我是中文abcd123".encode(),
        b"aaaabbbbccccdddd",
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==",
        id="V5",
    ),
    pytest.param(OURS, V7_MESSAGE.encode(), DIGITS, V7, id="V7"),
    pytest.param(OURS, b"abcdefghijklmnopqrstuvwxyz", DIGITS, V8, id="V8: a padding of 32"),
]
SIGNED = [
    pytest.param(
        ("AAAAA", "1714112445", "415670741", V3),
        "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
        id="V3",
    ),
    pytest.param(
        ("AAAAA", "1713424427", "415670741", SEALED[0].values[3]),
        "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
        id="V4",
    ),
    pytest.param(
        ("pamtest", "1409304348", "xxxxxx", SEALED[1].values[3]),
        "82c962d39941aa48552f90ef55aa323dc620cc10",
        id="V5",
    ),
    pytest.param(
        ("pamtest", "1458300676", "260774613", V6),
        "4f3ad57b6989f09f4eb392acce4f9e93942ed890",
        id="V6",
    ),
    pytest.param(
        ("AAAAA", "1714112445", "415670741", V7),
        "c1ad304c39b25925b16ca6852706454fd941522f",
        id="V7",
    ),
    pytest.param(
        ("AAAAA", "1714112445", "415670741", V8),
        "2bf1f4ffadc08f93fcb4768e5bbd8c187929c4ff",
        id="V8",
    ),
]


@pytest.mark.parametrize(("keys", "message", "random16", "sealed"), SEALED)
def test_a_message_is_sealed_as_the_vector_says(keys, message, random16, sealed):
    assert crypto.encrypt(message, keys, random16=random16) == sealed


@pytest.mark.parametrize(("keys", "message", "random16", "sealed"), SEALED)
def test_what_was_sealed_opens_again(keys, message, random16, sealed):
    assert crypto.decrypt(sealed, keys) == message


@pytest.mark.parametrize(("parts", "expected"), SIGNED)
def test_the_signature_is_the_one_of_the_vector(parts, expected):
    assert crypto.signature(*parts) == expected


def test_the_official_json_sample_opens_with_its_padding_of_19():
    assert crypto.decrypt(V3, OFFICIAL) == (
        b'{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY",'
        b'"CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}'
    )


def test_the_xml_sample_opens_with_its_unknown_node():
    opened = crypto.decrypt(V6, JAVA).decode()

    assert (len(opened), opened[:5], opened.count("<URL>")) == (293, "<xml>", 1)


def test_a_message_of_another_account_is_refused():
    other = Keys.of("wx0000000000000000", "AAAAA", SAMPLE_KEY)

    with pytest.raises(BadEnvelope, match="appid"):
        crypto.decrypt(V7, other)


@pytest.mark.parametrize(
    ("sealed", "reason"),
    [
        ("", "whole blocks"),
        ("not base64!", "base64"),
        ("汉字", "base64"),
        ("QUJD", "whole blocks"),
        (V8[:-44] + V8[-24:], "whole blocks"),
    ],
)
def test_what_cannot_be_opened_says_why(sealed, reason):
    with pytest.raises(BadEnvelope, match=reason):
        crypto.decrypt(sealed, OURS)


def test_a_padding_beyond_the_block_is_refused():
    with pytest.raises(BadEnvelope, match="padding"):
        crypto.decrypt(V7, OFFICIAL)  # the wrong key leaves noise where the padding should be


def test_a_length_beyond_the_message_is_refused():
    full = DIGITS + (10_000).to_bytes(4, "big") + b"12345678" + OURS.appid.encode()
    pad = 32 - len(full) % 32
    sealer = Cipher(algorithms.AES(OURS.aes), modes.CBC(OURS.aes[:16])).encryptor()
    sealed = sealer.update(full + bytes([pad]) * pad) + sealer.finalize()

    with pytest.raises(BadEnvelope, match="length"):
        crypto.decrypt(base64.b64encode(sealed).decode(), OURS)


def test_the_keys_do_not_show_when_printed():
    assert repr(OURS) == "Keys(appid='wxba5fad812f8e6fb9')"
