"""The table of answers: which message gets which words, and whether it leaves something behind."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.clients.wechat_messages import Incoming
from bot.domain.certificates import CREDIT_CODE, NUMBER, typed_number
from bot.domain.dialogues import looks_like_an_answer
from bot.domain.knowledge import Book, fill
from bot.domain.scenes import Kind, read_scene
from bot.handlers.wechat import certificates, pictures, places
from bot.handlers.wechat.dialogues import NEAREST
from bot.handlers.wechat.lookups import our_path
from bot.handlers.wechat.self_assessment import ASSESS
from bot.handlers.wechat.unbinding import UNBIND
from bot.services import followers, grants, receipts, withdrawals
from bot.services.conversation import Following
from bot.services.dialogues import TICKET, Opening, Turn
from bot.services.office import office

# Stored and remembered in the place of words; no text can hold this character.
HAND_OVER = "\x01hand-over"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without an effect never waits for the database, and a repeat just gets it again."""

    words: str = ""  # the name of a message in the book; none says nothing
    effect: bool = True
    following: Following = Following.UNKNOWN
    text: str = ""  # words that are not a message of the book by themselves
    turn: Turn | None = None  # a message that may belong to a dialogue
    job: str = ""  # put in the transaction that notes the message …
    told: Mapping[str, object] = field(default_factory=dict)  # … and what it is told of a message
    lookup: str = ""  # the name of an answer that stands in the database …
    about: str = ""  # … and what is looked up
    before: str = ""  # words of the book ahead of it

    def says(self, book: Book) -> str:
        return book.words[self.words] if self.words else self.text


@dataclass(frozen=True, slots=True)
class Asked:
    """One message and what there is to answer it with."""

    incoming: Incoming
    book: Book
    now: datetime
    addresses: Sequence[str]  # of ours: today's first, then the former ones
    listening: bool = False  # a dialogue waits for any words at all from this person

    @property
    def public_url(self) -> str:
        return self.addresses[0]


Handler = Callable[[Asked], Answer]

HELP = Answer("help", effect=False)
ABOUT = Answer("about", effect=False)
CONTACT = Answer("contact", effect=False)
SILENCE = Answer(effect=False)
GREETING = Answer("greeting")
SEARCH = Answer("search_how", effect=False)


def human(asked: Asked) -> Answer:
    """Somebody at the desk, or a dialogue that takes the question down."""
    if office().is_open(asked.now):
        return Answer(text=HAND_OVER)
    opens = Opening(TICKET, {"when": office().next_day(asked.now)})
    return Answer(turn=Turn(asked.incoming.text, opens=opens, at_once=True))


def assessment(asked: Asked) -> Answer:
    return Answer(turn=Turn(asked.incoming.text, opens=Opening(ASSESS), at_once=True))


def unbinding(asked: Asked) -> Answer:
    return Answer(turn=Turn(asked.incoming.text, opens=Opening(UNBIND), at_once=True))


def scanned(asked: Asked) -> Answer:
    """A code scanned from the menu: ours is looked up, any other is nothing we can read."""
    info = asked.incoming.fields.get("ScanCodeInfo")
    result = info.get("ScanResult") if isinstance(info, dict) else ""
    path = our_path(str(result), asked.addresses)
    if not path:
        return Answer("scanned_other", effect=False)
    return Answer(lookup="scanned", about=path)


def followed(asked: Asked) -> Answer:
    """By a code of ours, the new follower goes straight to the thing."""
    thing = _thing(asked)
    if thing is None:
        links = {"bind": asked.public_url + places.BIND, "home": f"{asked.public_url}/"}
        found = Answer(text=fill(asked.book.words["welcome"], links))
    elif thing.lookup:
        found = replace(thing, before="welcome_scanned")
    else:
        hello = asked.book.words["welcome_scanned"]
        found = Answer(text=f"{hello}\n\n{thing.text}")
    return replace(found, following=Following.BEGUN, job=followers.LEARN)


def scene(asked: Asked) -> Answer:
    return _thing(asked) or GREETING


def _thing(asked: Asked) -> Answer | None:
    """What the scanned parametric code is about."""
    found = read_scene(asked.incoming.scene)
    if found is None:
        return None
    if found.kind in {Kind.CERTIFICATE, Kind.ENTERPRISE}:
        return Answer(lookup="search", about=found.key)
    words = asked.book.words[SCENES[found.kind]]
    about = {"link": asked.public_url + found.page, "event": found.key}
    return Answer(text=fill(words, about), effect=True)


SCENES = {Kind.INVITATION: "scene_invitation", Kind.EVENT: "scene_event"}
EVENTS: Mapping[str, Answer | Handler] = {
    "subscribe": followed,
    "unsubscribe": Answer(following=Following.ENDED),
    "scan": scene,
    "scancode_waitmsg": scanned,
    "scancode_push": SILENCE,  # the phone opens the code by itself
    "location": SILENCE,  # where the phone is; nobody asked for it
    "view": SILENCE,
    "view_miniprogram": SILENCE,
    "location_select": SILENCE,  # the message with the place follows
    "pic_sysphoto": SILENCE,  # the picture itself follows
    "pic_photo_or_album": SILENCE,
    "pic_weixin": SILENCE,
    # How the messages that we sent have ended, and who allows us further ones.
    "templatesendjobfinish": Answer(job=receipts.TAKE),
    "subscribe_msg_sent_event": Answer(job=receipts.TAKE),
    "subscribe_msg_popup_event": Answer(job=grants.TAKE),
    "subscribe_msg_change_event": Answer(job=grants.TAKE),
    "masssendjobfinish": SILENCE,
    "user_info_modified": SILENCE,
    "user_authorization_revoke": Answer(job=withdrawals.TAKE),
    "user_authorization_cancellation": Answer(job=withdrawals.TAKE),
    "qualification_verify_success": SILENCE,
    "qualification_verify_fail": SILENCE,
    "naming_verify_success": SILENCE,
    "naming_verify_fail": SILENCE,
    "annual_renew": SILENCE,
    "verify_expired": SILENCE,
    "kf_create_session": SILENCE,
    "kf_close_session": SILENCE,
    "kf_switch_session": SILENCE,
}
CERTIFICATES = Answer(lookup="certificates", job=certificates.SEND)
# Keys of menu buttons, and the same things asked in words.
CLICKS: Mapping[str, Answer | Handler] = {
    "help": HELP, "about": ABOUT, "contact": CONTACT, "human": human, "search": SEARCH,
    "certificates": CERTIFICATES,
    **{name: Answer(lookup=name) for name in ("commitment", "assess", "progress", "payment")},
}  # fmt: skip
TEXTS: Mapping[str, Answer | Handler] = {
    "帮助": HELP, "help": HELP, "?": HELP, "菜单": HELP, "功能": HELP,
    "关于": ABOUT, "介绍": ABOUT, "协会": ABOUT,
    "电话": CONTACT, "联系": CONTACT, "地址": CONTACT, "联系我们": CONTACT,
    "你好": GREETING, "您好": GREETING, "在吗": GREETING,
    "hi": GREETING, "hello": GREETING, "早上好": GREETING,
    "人工": human, "转人工": human, "人工客服": human, "人工服务": human, "留言": human,
    "找人工": human, "客服": human, "客服在吗": human, "有人吗": human, "在不在": human,
    "查询": SEARCH, "查证书": SEARCH, "查证": SEARCH, "验真": SEARCH,
    **dict.fromkeys(("进度", "办理进度", "我的进度"), Answer(lookup="progress")),
    **dict.fromkeys(("得分", "分数", "我的得分", "自评得分"), Answer(lookup="score")),
    **dict.fromkeys(("证书", "我的证书"), CERTIFICATES),
    **dict.fromkeys(("缴费", "我的缴费", "交费"), Answer(lookup="payment")),
    **dict.fromkeys(("答复", "看答复", "我的留言"), Answer(lookup="answers")),
    **dict.fromkeys(("提醒", "我的提醒", "待办"), Answer(lookup="reminders")),
    **dict.fromkeys(("绑定", "绑定企业"), Answer(lookup="bind")),
    **dict.fromkeys(("解绑", "解除绑定", "取消绑定"), unbinding),
    **dict.fromkeys(("自评", "开始自评", "我要自评"), assessment),
}  # fmt: skip


def spoken(asked: Asked) -> Answer:
    """A voice message is what WeChat understood of it."""
    heard = asked.incoming.fields.get("Recognition")
    if not isinstance(heard, str) or not heard.strip():
        return Answer("voice_unheard", effect=False)
    return said(asked, heard)


def pictured(asked: Asked) -> Answer:
    told = {"MediaId": asked.incoming.fields.get("MediaId", "")}
    return Answer("picture_looking", job=pictures.READ, told=told)


KINDS: Mapping[str, Answer | Handler] = {
    "voice": spoken,
    "image": pictured,
    "video": Answer("video", effect=False),
    "shortvideo": Answer("video", effect=False),
    "location": Answer("location", effect=False),
    "link": Answer("link", effect=False),
}
WORDS_ONLY = Answer("words_only", effect=False)


def answer_to(asked: Asked) -> Answer:
    """Look the answer up; whatever is not in the table gets a polite one or, for events, none."""
    incoming = asked.incoming
    if incoming.kind == "event":
        if incoming.event == "click":
            return _of(CLICKS.get(incoming.key, HELP), asked)
        return _of(EVENTS.get(incoming.event, SILENCE), asked)
    if incoming.kind == "text":
        return said(asked, incoming.text)
    return _of(KINDS.get(incoming.kind, WORDS_ONLY), asked)


BARE = 2  # characters: a place or 去年, said while a dialogue waits, is meant for the dialogue


def said(asked: Asked, text: str) -> Answer:
    """Words: a command, an answer that a dialogue waits for, a question that we know, or none."""
    if command := TEXTS.get(normal(text)):
        return _of(command, asked)
    words = asked.book.words
    if wanted := searched(asked, text):
        return Answer(lookup="search", about=wanted)
    if looks_like_an_answer(text):
        return Answer(turn=Turn(text, otherwise=words["dialogue_none"]))
    found = asked.book.ask(text)
    if found.sure:
        known = fill(asked.book.entries[found.sure].answer, {"site": asked.public_url})
        if asked.listening:
            bare = len(normal(text)) <= BARE
            return Answer(turn=Turn(text, otherwise=known, answered=not bare))
        return Answer(text=known, effect=False)
    offer = Opening(NEAREST, {"near": list(found.near)}) if found.near else None
    return Answer(turn=Turn(text, otherwise=words["unknown"], opens=offer))


_SEARCH = re.compile(r"\s*(?:查询|查验|核验|查证书|查企业|查)([\s:：]*)(.{2,})", re.DOTALL)


def searched(asked: Asked, text: str) -> str:
    """What somebody wants to look up; "" when this is no search.

    A number or a code by itself is one. 查询 right before other words is one unless these words
    are a question that we know (查询费用是多少). Nothing is one while a dialogue waits for any
    words: 查询不到我们的证书，请回电 is what somebody leaves for the staff.
    """
    if asked.listening:
        return ""
    number = typed_number(text)
    if NUMBER.fullmatch(number) or CREDIT_CODE.fullmatch(number):
        return number
    found = _SEARCH.fullmatch(text)
    if not found:
        return ""
    apart, wanted = found[1], found[2].strip()
    surely = bool(apart) or (text.lstrip().startswith("查询") and not asked.book.ask(text).sure)
    return wanted if surely else ""


def _of(entry: Answer | Handler, asked: Asked) -> Answer:
    return entry if isinstance(entry, Answer) else entry(asked)


_NOISE = re.compile(r"[\s。．.,，!！~～、“”\"'‘’]+")


def normal(text: str) -> str:
    """What a person meant to type: without blanks and punctuation, in one case and one width."""
    return _NOISE.sub("", text).replace("？", "?").lower()
