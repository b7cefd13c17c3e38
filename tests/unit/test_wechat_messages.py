"""Reading callbacks and writing replies: samples of every kind, hostile ones, and their words."""

import json

import pytest
import xmltodict
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy.events import BaseEvent, ClickEvent, ScanEvent, SubscribeEvent, SubscribeScanEvent
from wechatpy.messages import ImageMessage, TextMessage, UnknownMessage
from wechatpy.replies import (
    ArticlesReply,
    ImageReply,
    TextReply,
    TransferCustomerServiceReply,
    deserialize_reply,
)

from bot.clients.wechat_messages import (
    EMPTY_REPLY,
    image_reply,
    news_reply,
    read,
    text_reply,
    transfer_reply,
)
from bot.domain.errors import BadInput

AT = 1700000100
HEAD = (
    "<ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA1]]></FromUserName>"
    "<CreateTime>1700000001</CreateTime>"
)


def make_xml(inner: str, head: str = HEAD) -> bytes:
    return f"<xml>{head}{inner}</xml>".encode()


def make_text(text: str = "你好") -> bytes:
    return make_xml(
        f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>"
        "<MsgId>24571563425563452</MsgId>"
    )


def make_event(event: str, inner: str = "") -> bytes:
    return make_xml(
        f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>{inner}"
    )


def key(value: str) -> str:
    return f"<EventKey><![CDATA[{value}]]></EventKey>"


# Messages.


def test_a_text_message_is_read_whole():
    message = read(make_text())

    assert (message.kind, message.event, message.key) == ("text", "", "")
    assert (message.openid, message.account_id, message.sent_at) == ("oA1", "gh_1", 1700000001)
    assert (message.text, message.dedupe_key) == ("你好", "m:24571563425563452")
    assert message.scene == ""


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("a]]]]><![CDATA[>b", "a]]>b"),
        ("<!DOCTYPE html>", "<!DOCTYPE html>"),
        ("&lt;&amp;", "&lt;&amp;"),
        ("  两 行\n", "  两 行\n"),
        ("x" * 20_000, "x" * 20_000),
        ("一行\n" * 5_000, "一行\n" * 5_000),
        ("", ""),
    ],
)
def test_the_text_of_a_person_arrives_as_it_was_written(sent, text):
    assert read(make_text(sent)).text == text


def test_text_outside_cdata_is_read_with_its_character_references():
    xml = make_xml("<MsgType>text</MsgType><Content>a&amp;b&#20320;</Content><MsgId>1</MsgId>")

    assert read(xml).text == "a&b你"


def test_a_prologue_changes_nothing():
    prologue = b'<?xml version="1.0" encoding="GBK"?>'

    assert read(prologue + make_text()) == read(make_text())


def test_wechatpys_classes_carry_the_rest():
    image = read(
        make_xml(
            "<MsgType><![CDATA[image]]></MsgType><PicUrl><![CDATA[http://x/0]]></PicUrl>"
            "<MediaId><![CDATA[m1]]></MediaId><MsgId>7</MsgId>"
        )
    ).message
    text = read(make_text()).message

    assert isinstance(image, ImageMessage)
    assert (image.media_id, image.image, image.id) == ("m1", "http://x/0", 7)
    assert isinstance(text, TextMessage)
    assert (text.content, text.source, text.target, text.time) == (
        "你好",
        "oA1",
        "gh_1",
        1700000001,
    )


def test_an_unknown_kind_is_accepted_with_all_its_fields():
    message = read(make_xml("<MsgType>Hologram</MsgType><Depth>3</Depth><MsgId>9</MsgId>"))

    assert (message.kind, message.text, message.dedupe_key) == ("hologram", "", "m:9")
    assert type(message.message) is UnknownMessage
    assert message.fields["Depth"] == "3"


def test_asking_for_wechatpys_object_leaves_the_fields_alone():
    message = read(make_event("subscribe", key("qrscene_bind:7f3a")))
    before = dict(message.fields)

    assert message.message.scene_id == "bind:7f3a"
    assert message.message.ticket is None
    assert message.fields == before


# Events.


@pytest.mark.parametrize(
    ("event", "sent_key", "scene", "kind"),
    [
        ("subscribe", "", "", SubscribeEvent),
        ("subscribe", "qrscene_bind:7f3a", "bind:7f3a", SubscribeScanEvent),
        ("SCAN", "bind:7f3a", "bind:7f3a", ScanEvent),
        ("CLICK", "qrscene_x", "", ClickEvent),
        ("brand_new_event", "", "", BaseEvent),
    ],
)
def test_an_event_is_read_with_its_key_and_scene(event, sent_key, scene, kind):
    message = read(make_event(event, key(sent_key)))

    assert (message.kind, message.event) == ("event", event.lower())
    assert (message.key, message.scene) == (sent_key, scene)
    assert type(message.message) is kind


def test_both_spellings_of_an_event_are_one():
    names = ["TEMPLATESENDJOBFINISH", "TemplateSendJobFinish"]

    assert {read(make_event(name)).event for name in names} == {"templatesendjobfinish"}


def test_nested_elements_become_dicts_and_siblings_lists():
    one = "<List><TemplateId>T1</TemplateId><PopupScene>2</PopupScene></List>"
    two = "<List><TemplateId>T2</TemplateId></List>"
    event = "subscribe_msg_popup_event"
    t1, t2 = {"TemplateId": "T1", "PopupScene": "2"}, {"TemplateId": "T2"}

    many = read(make_event(event, f"<SubscribeMsgPopupEvent>{one}\n{two}</SubscribeMsgPopupEvent>"))
    single = read(make_event(event, f"<SubscribeMsgPopupEvent>{one}</SubscribeMsgPopupEvent>"))
    none = read(make_event(event, "<SubscribeMsgPopupEvent><List/></SubscribeMsgPopupEvent>"))
    pictures = read(
        make_event(
            "pic_weixin",
            "<SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>5</PicMd5Sum></item>"
            "</PicList></SendPicsInfo>",
        )
    )

    assert many.fields["SubscribeMsgPopupEvent"] == {"List": [t1, t2]}
    assert single.fields["SubscribeMsgPopupEvent"] == {"List": [t1]}
    assert none.fields["SubscribeMsgPopupEvent"] == {"List": []}
    assert pictures.fields["SendPicsInfo"] == {
        "Count": "1",
        "PicList": {"item": [{"PicMd5Sum": "5"}]},
    }


# What makes two deliveries one.


def test_a_redelivered_event_has_the_same_key():
    click = make_event("CLICK", key("CREDIT_SCORE"))

    assert read(click).dedupe_key == "e:oA1:1700000001:click:CREDIT_SCORE:"
    assert read(click).dedupe_key == read(click).dedupe_key


def receipt(number: int) -> str:
    return f"<SubscribeMsgSentEvent><List><MsgID>{number}</MsgID></List></SubscribeMsgSentEvent>"


def popup(status: str) -> str:
    item = f"<TemplateId>T</TemplateId><SubscribeStatusString>{status}</SubscribeStatusString>"
    return f"<SubscribeMsgPopupEvent><List>{item}</List></SubscribeMsgPopupEvent>"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (make_event("CLICK", key("A")), make_event("CLICK", key("B"))),
        (make_event("subscribe"), make_event("unsubscribe")),
        (
            make_event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID>"),
            make_event("TEMPLATESENDJOBFINISH", "<MsgID>2</MsgID>"),
        ),
        (
            make_event("subscribe_msg_sent_event", receipt(1)),
            make_event("subscribe_msg_sent_event", receipt(2)),
        ),
        (
            make_event("subscribe_msg_popup_event", popup("accept")),
            make_event("subscribe_msg_popup_event", popup("reject")),
        ),
        (
            make_event("wxa_media_check", "<trace_id>1</trace_id>"),
            make_event("wxa_media_check", "<trace_id>2</trace_id>"),
        ),
        (
            make_event("VIEW", key("https://assoc.example/" + "a" * 300)),
            make_event("VIEW", key("https://assoc.example/" + "a" * 299 + "b")),
        ),
    ],
    ids=["key", "event", "MsgID", "nested MsgID", "consent", "trace", "long key"],
)
def test_two_different_events_of_one_person_in_one_second_are_two(one, other):
    assert read(one).dedupe_key != read(other).dedupe_key


@pytest.mark.parametrize(
    "event",
    ["user_info_modified", "user_authorization_revoke", "user_authorization_cancellation"],
)
def test_what_wechat_itself_tells_of_somebody_is_about_them(event):
    wang, li = (read(make_event(event, f"<OpenID>{who}</OpenID>")) for who in ("oWang", "oLi"))

    assert (wang.openid, li.openid) == ("oWang", "oLi")
    assert wang.dedupe_key == f"e:oWang:1700000001:{event}::"
    assert li.dedupe_key != wang.dedupe_key
    assert read(make_event(event)).openid == "oA1"
    assert read(make_event("CLICK", "<OpenID>oWang</OpenID>")).openid == "oA1"


def test_a_dedupe_key_is_never_long():
    message = read(make_event("VIEW", key("https://assoc.example/" + "页" * 2000)))

    assert message.dedupe_key.startswith("h:")
    assert len(message.dedupe_key) == 66


def test_a_message_without_id_is_told_apart_like_an_event():
    message = read(make_xml("<MsgType>text</MsgType><Content>x</Content>"))

    assert message.dedupe_key == "e:oA1:1700000001:text::"


# Refused.

TYPE = "<MsgType>text</MsgType>"
TO, FROM = "<ToUserName>gh_1</ToUserName>", "<FromUserName>oA1</FromUserName>"
TIME = "<CreateTime>1</CreateTime>"


@pytest.mark.parametrize(
    ("head", "field"),
    [
        (FROM + TIME + TYPE, "ToUserName"),
        (TO + TIME + TYPE, "FromUserName"),
        (TO + FROM + TYPE, "CreateTime"),
        (TO + FROM + TIME, "MsgType"),
        (TO + FROM + TIME + "<MsgType/>", "MsgType"),
        (TO + FROM + "<CreateTime>soon</CreateTime>" + TYPE, "CreateTime"),
        (TO + FROM + "<CreateTime>-1</CreateTime>" + TYPE, "CreateTime"),
        (TO + FROM + "<CreateTime>１</CreateTime>" + TYPE, "CreateTime"),
        (TO + FROM + f"<CreateTime>{'9' * 5000}</CreateTime>" + TYPE, "CreateTime"),
        (TO + "<FromUserName>o]]&gt;A</FromUserName>" + TIME + TYPE, "FromUserName"),
        (TO + f"<FromUserName>{'o' * 129}</FromUserName>" + TIME + TYPE, "FromUserName"),
        (TO + "<FromUserName><x>1</x></FromUserName>" + TIME + TYPE, "FromUserName"),
        (TO + FROM + TIME + TYPE + TYPE, "MsgType"),
        (TO + FROM + TIME + TYPE + "<Content><b>1</b></Content>", "Content"),
        (TO + FROM + TIME + TYPE + "<MsgId><b>1</b></MsgId>", "MsgId"),
    ],
)
def test_a_message_with_one_field_missing_or_wrong_is_refused(head, field):
    with pytest.raises(BadInput) as refusal:
        read(make_xml("", head))

    assert refusal.value.field == field


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"hello",
        b"<xml/>",
        b"<xml>text</xml>",
        b"<a>" + HEAD.encode() + b"</a>",
        make_text()[:-1],
        make_text() + b"<xml/>",
        make_text().replace("你".encode(), b"\xff"),
        make_text().replace("你".encode(), b"\xed\xa0\x80"),
        make_text().replace("你".encode(), b"\x00"),
        b"<!DOCTYPE xml>" + make_text(),
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml>&a;</xml>',
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd">' + make_text(),
        b"<xml>&a;</xml>",
        b"<xml>" + b"<a>" * 20_000,
        make_text().replace(b"</xml>", b"<a>" * 7 + b"</a>" * 7 + b"</xml>"),
    ],
)
def test_what_is_no_message_is_refused(xml):
    with pytest.raises(BadInput):
        read(xml)


@settings(max_examples=500, deadline=None)
@given(
    st.recursive(
        st.text(st.sampled_from("a<>&;]![\n你"), max_size=8),
        lambda inner: st.lists(
            st.tuples(st.sampled_from(["List", "item", "MsgType", "Event", "x"]), inner), max_size=4
        ).map(lambda pairs: "".join(f"<{name}>{value}</{name}>" for name, value in pairs)),
    )
)
def test_any_inside_is_read_or_refused_but_never_breaks(inner):
    try:
        message = read(make_xml(inner))
    except BadInput:
        return
    assert (message.openid, message.message.source) == ("oA1", "oA1")


# Replies.


def test_a_text_reply_goes_back_to_where_the_message_came_from():
    reply = deserialize_reply(text_reply(read(make_text()), "已收到 100%，{谢谢}", at=AT))

    assert isinstance(reply, TextReply)
    assert (reply.target, reply.source, reply.time) == ("oA1", "gh_1", AT)
    assert reply.content == "已收到 100%，{谢谢}"


def test_our_template_gives_what_wechatpy_itself_would_render():
    to = read(make_text())

    theirs = TextReply(message=to.message, content="已收到", time=AT).render()

    assert text_reply(to, "已收到", at=AT) == theirs


def test_a_person_cannot_put_elements_into_our_reply():
    hostile = "]]></Content><MsgType><![CDATA[image]]></MsgType><Content><![CDATA["

    reply = xmltodict.parse(text_reply(read(make_text()), hostile, at=AT))["xml"]

    assert reply["MsgType"] == "text"
    assert reply["Content"] == hostile


def test_control_characters_are_left_out_and_line_ends_kept():
    reply = text_reply(read(make_text()), "一\x00二\x1b\ud800\ufffe\n三", at=AT)

    assert deserialize_reply(reply).content == "一二\n三"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 2048, "x" * 2048),
        # A cut says that there was more, and comes between sentences where there are some.
        ("x" * 2049, "x" * 2042 + "……"),
        ("审" * 683, "审" * 680 + "……"),
        ("x" + "😀" * 512, "x" + "😀" * 510 + "……"),
        ("可以。\n" * 300, "可以。\n" * 203 + "可以。……"),
    ],
)
def test_of_a_long_text_whole_sentences_within_2048_bytes_are_said(text, kept):
    assert deserialize_reply(text_reply(read(make_text()), text, at=AT)).content == kept


@pytest.mark.parametrize("text", ["", "  \n", "\x00"])
def test_a_blank_text_is_no_reply(text):
    assert text_reply(read(make_text()), text, at=AT) == EMPTY_REPLY == ""


def test_a_picture_an_article_and_a_transfer_are_rendered():
    to = read(make_text())

    image = deserialize_reply(image_reply(to, "m]]>1", at=AT))
    transfer = deserialize_reply(transfer_reply(to, at=AT))
    news = xmltodict.parse(
        news_reply(
            to,
            title="证]]>书",
            description="三年\x00有效",
            picture="https://assoc.example/p%20.png",
            url="https://assoc.example/?a=1&b=2",
            at=AT,
        )
    )["xml"]

    assert (type(image), image.image, image.target) == (ImageReply, "m]]>1", "oA1")
    assert (type(transfer), transfer.source) == (TransferCustomerServiceReply, "gh_1")
    assert (news["MsgType"], news["ArticleCount"]) == (ArticlesReply.type, "1")
    assert news["Articles"] == {
        "item": {
            "Title": "证]]>书",
            "Description": "三年有效",
            "PicUrl": "https://assoc.example/p%20.png",
            "Url": "https://assoc.example/?a=1&b=2",
        }
    }


# JSON


def make_json(**more: object) -> bytes:
    head = {"ToUserName": "gh_1", "FromUserName": "oA1", "CreateTime": 1700000001}
    return json.dumps(head | more).encode()


@pytest.mark.parametrize("created", [1700000001, "1700000001"])
def test_a_json_message_is_read_as_its_xml_would_be(created):
    event = read(make_json(MsgType="event", Event="VIEW", EventKey="页", CreateTime=created))

    assert event == read(make_event("VIEW", key("页")))


@pytest.mark.parametrize(
    "listed", [{"TemplateId": "T1", "MsgID": 5}, [{"TemplateId": "T1", "MsgID": "5"}]]
)
def test_one_item_without_brackets_is_a_list_of_one(listed):
    event = read(make_json(MsgType="event", Event="subscribe_msg_sent_event", List=listed))

    assert event.fields["List"] == [{"TemplateId": "T1", "MsgID": "5"}]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "不是完整的 JSON"),
        (b'{"a": NaN}', "不是完整的 JSON"),
        (b"{}", "没有内容"),
        (make_json(x=[[[[[[[[[[1]]]]]]]]]]), "嵌套太深"),
    ],
)
def test_json_that_is_no_message_is_refused_with_the_reason(body, why):
    with pytest.raises(BadInput, match=why):
        read(body)


WORDS = st.text(max_size=8)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["List", "MsgType", "Event", "EventKey", "MsgId", "trace_id", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
            max_leaves=8,
        ),
    )
)
def test_any_json_is_read_or_refused_but_never_breaks(fields):
    try:
        message = read(make_json(**fields))
    except BadInput:
        return
    assert message.openid == "oA1"
