"""The door for WeChat's pushes: verify, look the answer up, note it once, answer in time."""

from dataclasses import replace
from datetime import UTC, datetime

from aiohttp import web

from bot.clients.database import GONE
from bot.clients.wechat_crypto import MAX_BODY_BYTES, Codec
from bot.clients.wechat_messages import Incoming, read, text_reply, transfer_reply
from bot.deps import DEPS, Deps
from bot.domain.errors import NotFound
from bot.handlers import swift
from bot.handlers.forms import read_body
from bot.handlers.wechat import lookups, mini
from bot.handlers.wechat.answers import HAND_OVER, Answer, Asked, answer_to
from bot.handlers.wechat.asking import Asking
from bot.handlers.wechat.dialogues import script as script_of
from bot.services import conversation, dialogues
from bot.services.conversation import Heard

BODY_DEADLINE_S = 4.0
NOTHING_TO_SAY = b"success"
PLAIN, XML = "text/plain; charset=utf-8", "text/xml; charset=utf-8"
MINI_PROGRAM = "mini"  # its name in /hooks/wechat/{account}


async def verify(request: web.Request) -> web.Response:
    """Answer the question that WeChat asks when the address is entered in its console."""
    codec, deps = _account(request)
    return web.Response(text=codec.echo(request.query, now=int(deps.clock().timestamp())))


async def receive(request: web.Request) -> web.StreamResponse:
    """Take one push. Only what is durably noted is acknowledged; the rest WeChat sends again."""
    codec, deps = _account(request)
    now = deps.clock()
    second = int(now.timestamp())
    body = await read_body(request, limit=MAX_BODY_BYTES, deadline=BODY_DEADLINE_S)
    incoming = read(codec.open(body, request.query, now=second))
    if request.match_info["account"] == MINI_PROGRAM:
        await _note_mini(codec.appid, incoming, deps, now)
        return _nothing(request, now)
    shelf = deps.bookshelf
    listening = shelf.is_listening(codec.appid, incoming.openid)
    asked = Asked(incoming, shelf.book, now, deps.config.addresses, listening)
    answer = answer_to(asked)
    text = answer.says(shelf.book)
    if answer.effect:
        text = await _once(codec.appid, incoming, answer, deps, now)
    if not text:
        return _nothing(request, now)
    if text == HAND_OVER:
        reply = transfer_reply(incoming, at=second)
    else:
        reply = text_reply(incoming, text, at=second)
    sealed = codec.seal(reply, nonce=request.query["nonce"], timestamp=second)
    return swift.answer(request, sealed, kind=XML, status=200, now=now)


def _nothing(request: web.Request, now: datetime) -> web.StreamResponse:
    return swift.answer(request, NOTHING_TO_SAY, kind=PLAIN, status=200, now=now)


async def _note_mini(appid: str, incoming: Incoming, deps: Deps, now: datetime) -> None:
    answer = mini.answer_to(incoming)
    if answer.effect:
        await _once(appid, incoming, answer, deps, now)


async def _once(appid: str, incoming: Incoming, answer: Answer, deps: Deps, now: datetime) -> str:
    """Note the message once, and answer the words that belong to its first delivery.

    Redis knows the latest answers and may have forgotten them; the key in PostgreSQL decides.
    """
    hint = f"wechat:{appid}:{incoming.dedupe_key}"
    known = await deps.hints.recall(hint)
    if known:
        return known
    # What somebody wrote is kept by no job; what an event says is what its job is about.
    told = incoming.fields if incoming.kind == "event" else answer.told
    heard = Heard(
        appid=appid,
        openid=incoming.openid,
        key=incoming.dedupe_key,
        kind=incoming.event or incoming.kind,
        sent_at=datetime.fromtimestamp(incoming.sent_at, UTC),
        following=answer.following,
        wrote=incoming.kind != "event",
        jobs={answer.job: told} if answer.job else {},
    )
    text = await deps.patience.wait(_effect(heard, answer, deps, now), gone=GONE)
    deps.hints.remember(hint, text)
    return text


async def _effect(heard: Heard, answer: Answer, deps: Deps, now: datetime) -> str:
    """Note the message; one that may belong to a dialogue moves it in the same transaction."""
    book = deps.bookshelf.book
    if answer.lookup:
        return await _looked_up(heard, answer, deps, now)
    if answer.turn is None:
        return await conversation.record(heard, answer.says(book), now=now)
    script = script_of(book, deps.config.public_url, deps.vault, deps.config.mini_appid)
    reply = await dialogues.take_turn(heard, answer.turn, script=script, now=now)
    if reply.listening:
        deps.bookshelf.listen(heard.appid, heard.openid)
    return reply.text


async def _looked_up(heard: Heard, answer: Answer, deps: Deps, now: datetime) -> str:
    """What stands in the database; when it is slow today, a job brings the answer."""
    words = deps.bookshelf.book.words
    url = deps.config.public_url
    asking = Asking(heard.appid, heard.openid, answer.about, now, words, url, deps.verifier)
    told = await lookups.in_time(answer.lookup, asking)
    if answer.lookup == lookups.SEARCH:
        heard = replace(heard, ration=(lookups.SEARCH, lookups.A_DAY))
    if told is None:
        fields = {"lookup": answer.lookup, "about": answer.about}
        heard = replace(heard, jobs={**heard.jobs, lookups.LATER: fields})
        told = words["search_later"]
    if answer.before:
        told = f"{words[answer.before]}\n\n{told}"
    return await conversation.record(heard, told, now=now)


def _account(request: web.Request) -> tuple[Codec, Deps]:
    deps = request.app[DEPS]
    codec = deps.codecs.get(request.match_info["account"])
    if codec is None:
        raise NotFound
    return codec, deps
