"""The table of answers: which message gets which words, and whether it leaves something behind."""

import re
from dataclasses import dataclass

from bot.clients.wechat_messages import Incoming
from bot.handlers.wechat.words import WORDS
from bot.services import grants, receipts
from bot.services.conversation import Following


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without an effect never waits for the database, and a repeat just gets it again."""

    words: str = ""  # the name of a file in templates/messages; none says nothing
    effect: bool = True
    following: Following = Following.UNKNOWN
    job: str = ""  # put in the transaction that notes the message, and told its fields

    @property
    def text(self) -> str:
        return WORDS[self.words] if self.words else ""


HELP = Answer("help", effect=False)
ABOUT = Answer("about", effect=False)
CONTACT = Answer("contact", effect=False)
SILENCE = Answer(effect=False)
WORDS_ONLY = Answer("words_only")
UNKNOWN = Answer("unknown")

EVENTS = {
    "subscribe": Answer("welcome", following=Following.BEGUN),
    "unsubscribe": Answer(following=Following.ENDED),
    "scan": Answer("greeting"),
    # How the messages that we sent have ended, and who allows us further ones.
    "templatesendjobfinish": Answer(job=receipts.TAKE),
    "subscribe_msg_sent_event": Answer(job=receipts.TAKE),
    "subscribe_msg_popup_event": Answer(job=grants.TAKE),
    "subscribe_msg_change_event": Answer(job=grants.TAKE),
}
# Keys of menu buttons, and the same things asked in words.
CLICKS = {"help": HELP, "about": ABOUT, "contact": CONTACT}
TEXTS = {
    "帮助": HELP, "help": HELP, "?": HELP, "菜单": HELP, "功能": HELP,
    "关于": ABOUT, "介绍": ABOUT, "协会": ABOUT,
    "电话": CONTACT, "联系": CONTACT, "地址": CONTACT, "联系我们": CONTACT,
    "你好": Answer("greeting"), "您好": Answer("greeting"), "在吗": Answer("greeting"),
    "hi": Answer("greeting"), "hello": Answer("greeting"), "早上好": Answer("greeting"),
}  # fmt: skip

_NOISE = re.compile(r"[\s。．.,，!！~～、“”\"'‘’]+")


def answer_to(incoming: Incoming) -> Answer:
    """Look the answer up; whatever is not in the table gets a polite one or, for events, none."""
    if incoming.kind == "event":
        if incoming.event == "click":
            return CLICKS.get(incoming.key, HELP)
        return EVENTS.get(incoming.event, SILENCE)
    if incoming.kind == "text":
        return TEXTS.get(normal(incoming.text), UNKNOWN)
    return WORDS_ONLY


def normal(text: str) -> str:
    """What a person meant to type: without blanks and punctuation, in one case and one width."""
    return _NOISE.sub("", text).replace("？", "?").lower()
