"""The table of answers: which message gets which words, and whether it leaves something behind."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.clients.wechat_messages import Incoming
from bot.domain.dialogues import looks_like_an_answer
from bot.domain.knowledge import Book, fill
from bot.handlers.wechat.dialogues import NEAREST
from bot.services import grants, receipts
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
    job: str = ""  # put in the transaction that notes the message, and told its fields

    def says(self, book: Book) -> str:
        return book.words[self.words] if self.words else self.text


@dataclass(frozen=True, slots=True)
class Asked:
    """One message and what there is to answer it with."""

    incoming: Incoming
    book: Book
    now: datetime
    public_url: str
    listening: bool = False  # a dialogue waits for any words at all from this person


Handler = Callable[[Asked], Answer]

HELP = Answer("help", effect=False)
ABOUT = Answer("about", effect=False)
CONTACT = Answer("contact", effect=False)
SILENCE = Answer(effect=False)
GREETING = Answer("greeting")


def human(asked: Asked) -> Answer:
    """Somebody at the desk, or a dialogue that takes the question down."""
    there = office().is_open(asked.now)
    if there:
        return Answer(text=HAND_OVER)
    about = {"known": there is not None, "when": office().next_day(asked.now)}
    opens = Opening(TICKET, about)
    return Answer(turn=Turn(asked.incoming.text, opens=opens, at_once=True))


def scanned(asked: Asked) -> Answer:
    """A code scanned from the menu: ours is opened, any other is nothing we can read."""
    info = asked.incoming.fields.get("ScanCodeInfo")
    result = info.get("ScanResult") if isinstance(info, dict) else ""
    ours = isinstance(result, str) and result.startswith(f"{asked.public_url}/")
    if not ours or not re.fullmatch(r"[\w:/.?=&%~-]+", str(result), re.ASCII):
        return Answer("scanned_other", effect=False)
    return Answer(text=fill(asked.book.words["scanned"], {"link": str(result)}), effect=False)


EVENTS: Mapping[str, Answer | Handler] = {
    "subscribe": Answer("welcome", following=Following.BEGUN),
    "unsubscribe": Answer(following=Following.ENDED),
    "scan": GREETING,
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
    "user_authorization_revoke": SILENCE,
    "user_authorization_cancellation": SILENCE,
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
# Keys of menu buttons, and the same things asked in words.
CLICKS: Mapping[str, Answer | Handler] = {
    "help": HELP, "about": ABOUT, "contact": CONTACT, "human": human,
}  # fmt: skip
TEXTS: Mapping[str, Answer | Handler] = {
    "帮助": HELP, "help": HELP, "?": HELP, "菜单": HELP, "功能": HELP,
    "关于": ABOUT, "介绍": ABOUT, "协会": ABOUT,
    "电话": CONTACT, "联系": CONTACT, "地址": CONTACT, "联系我们": CONTACT,
    "你好": GREETING, "您好": GREETING, "在吗": GREETING,
    "hi": GREETING, "hello": GREETING, "早上好": GREETING,
    "人工": human, "转人工": human, "人工客服": human, "人工服务": human, "留言": human,
    "找人工": human, "客服": human,
}  # fmt: skip


def spoken(asked: Asked) -> Answer:
    """A voice message is what WeChat understood of it."""
    heard = asked.incoming.fields.get("Recognition")
    if not isinstance(heard, str) or not heard.strip():
        return Answer("voice_unheard", effect=False)
    return said(asked, heard)


KINDS: Mapping[str, Answer | Handler] = {
    "voice": spoken,
    "image": Answer("picture", effect=False),
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


def said(asked: Asked, text: str) -> Answer:
    """Words: a command, an answer that a dialogue waits for, a question that we know, or none."""
    if command := TEXTS.get(normal(text)):
        return _of(command, asked)
    words = asked.book.words
    if looks_like_an_answer(text):
        return Answer(turn=Turn(text, otherwise=words["dialogue_none"]))
    found = asked.book.ask(text)
    if found.sure:
        known = asked.book.entries[found.sure].answer
        if asked.listening:
            return Answer(turn=Turn(text, otherwise=known))
        return Answer(text=known, effect=False)
    offer = Opening(NEAREST, {"near": list(found.near)}) if found.near else None
    return Answer(turn=Turn(text, otherwise=words["unknown"], opens=offer))


def _of(entry: Answer | Handler, asked: Asked) -> Answer:
    return entry if isinstance(entry, Answer) else entry(asked)


_NOISE = re.compile(r"[\s。．.,，!！~～、“”\"'‘’]+")


def normal(text: str) -> str:
    """What a person meant to type: without blanks and punctuation, in one case and one width."""
    return _NOISE.sub("", text).replace("？", "?").lower()
