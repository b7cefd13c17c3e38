"""What the mini-program's own pushes leave behind; it has no chat, so nothing is answered."""

from collections.abc import Mapping

from bot.clients.wechat_messages import Incoming
from bot.handlers.wechat.answers import Answer
from bot.services import content_checks, courtesy, grants, receipts, withdrawals

SILENCE = Answer(effect=False)
EVENTS: Mapping[str, Answer] = {
    "wxa_media_check": Answer(job=content_checks.TAKE),
    "subscribe_msg_popup_event": Answer(job=grants.TAKE),
    "subscribe_msg_change_event": Answer(job=grants.TAKE),
    "subscribe_msg_sent_event": Answer(job=receipts.TAKE),
    "user_authorization_revoke": Answer(job=withdrawals.TAKE),
    "user_authorization_cancellation": Answer(job=withdrawals.TAKE),
    "user_info_modified": SILENCE,  # we keep neither name nor portrait of WeChat's
    "user_enter_tempsession": SILENCE,  # the message itself follows
}
# Somebody wrote through a customer-service button: they are told where they are heard.
WRITTEN = Answer(job=courtesy.SEND)


def answer_to(incoming: Incoming) -> Answer:
    """Every event has an answer, most of them none; a message gets a friendly one later."""
    if incoming.kind == "event":
        return EVENTS.get(incoming.event, SILENCE)
    return WRITTEN
