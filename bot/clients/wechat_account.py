"""WeChatHttp: one account of WeChat over HTTP; the only reader of errcode."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.clients.tokens import Fetched, Shared, Tokens
from bot.clients.wechat import LONGEST_LIFE, Button, Content, Notice, PageCard, SceneCode, Text
from bot.clients.wechat_errors import Permanent, Transient
from bot.clients.wechat_http import JSON_TYPE, Answer, Body, Transport, upload
from bot.domain.scenes import check_link, check_page_scene, check_scene

log = structlog.get_logger()

OK = 0
BUSY = frozenset({-1, -1000})  # it may have been carried out all the same
NOT_NOW = frozenset({44990, 45009, 45011, 45066})  # quotas and haste: certainly not carried out
TOKEN_STALE = frozenset({40001, 40014, 42001})
SENT_BEFORE = 45065
NO_MENU = 46003
# Wrong or frozen secret, our address not on WeChat's list, the account itself shut: no call works
# until a person acts.
MISCONFIGURED = frozenset(
    {40002, 40013, 40125, 40164, 40243, 41002, 41004, 50004, 50007, 61004, 89503, 89506, 89507}
)
LONGEST_ERRMSG = 200

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account it is. The secret stays out of every text."""

    appid: str
    secret: str
    mini_appid: str = ""  # the mini-program that this account's messages may open


class WeChatHttp:
    def __init__(
        self,
        account: Account,
        transport: Transport,
        shared: Shared,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._account = account
        self._transport = transport
        more: dict[str, Any] = {"clock": clock, "jitter": jitter}
        self._tokens = Tokens(account.appid, self._stable_token, shared, **more)
        self._tickets = Tokens(f"{account.appid}:jsapi", self._ticket, shared, **more)

    @property
    def appid(self) -> str:
        return self._account.appid

    async def close(self) -> None:
        await self._tickets.close()
        await self._tokens.close()

    async def send_template(self, notice: Notice, *, client_msg_id: str) -> str:
        body = self._notice(notice, "url") | {"client_msg_id": client_msg_id}
        path = "/cgi-bin/message/template/send"
        reply = await self._post(path, body, fine=frozenset({OK, SENT_BEFORE}))
        return str(reply.get("msgid") or reply.get("msg_id") or "")

    async def send_subscription(self, notice: Notice) -> None:
        await self._post("/cgi-bin/message/subscribe/bizsend", self._notice(notice, "page"))

    async def send_mini_subscription(self, notice: Notice) -> None:
        body = {
            "touser": notice.openid,
            "template_id": notice.template_id,
            "page": notice.mini_page,
            "data": _data(notice.values),
        }
        await self._post("/cgi-bin/message/subscribe/send", body)

    async def send_custom(self, openid: str, content: Content) -> None:
        kind, part = _custom(content, self._account.mini_appid)
        body = {"touser": openid, "msgtype": kind, kind: part}
        await self._post("/cgi-bin/message/custom/send", body)

    async def upload_picture(self, content: bytes, *, kind: str) -> str:
        media_type = "image/jpeg" if kind == "jpg" else f"image/{kind}"
        reply = await self._json(
            "POST",
            "/cgi-bin/media/upload",
            query={"type": "image"},
            body=upload("media", f"picture.{kind}", content, media_type),
            media=True,
        )
        return _told(reply, "media_id")

    async def menu(self) -> list[Button] | None:
        fine = frozenset({OK, NO_MENU})
        reply = await self._json("GET", "/cgi-bin/menu/get", fine=fine)
        found = reply.get("menu")
        return list(found["button"]) if isinstance(found, dict) and "button" in found else None

    async def publish_menu(self, buttons: list[Button]) -> None:
        await self._post("/cgi-bin/menu/create", {"button": buttons})

    async def scene_code(self, scene: str, *, lives: timedelta | None) -> SceneCode:
        check_scene(scene)
        body: Json = {
            "action_name": "QR_STR_SCENE" if lives else "QR_LIMIT_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        if lives:
            body["expire_seconds"] = int(min(lives, LONGEST_LIFE).total_seconds())
        reply = await self._post("/cgi-bin/qrcode/create", body)
        told = reply.get("expire_seconds")
        left = timedelta(seconds=told) if isinstance(told, int) and lives else None
        return SceneCode(_told(reply, "ticket"), _told(reply, "url"), left)

    async def page_code(self, scene: str, *, page: str) -> bytes:
        check_page_scene(scene, page)
        body = _body({"scene": scene, "page": page, "check_path": True, "env_version": "release"})
        answer = await self._call("POST", "/wxa/getwxacodeunlimit", body=body, media=True)
        if answer.content_type.startswith("image/"):
            return answer.body
        raise Transient(f"/wxa/getwxacodeunlimit: no picture but {answer.content_type}")

    async def url_link(self, path: str, query: str, *, days: int) -> str:
        check_link(path, query, days)
        expiry = {"expire_type": 1, "expire_interval": days, "env_version": "release"}
        reply = await self._post("/wxa/generate_urllink", {"path": path, "query": query} | expiry)
        return _told(reply, "url_link")

    async def jsapi_ticket(self) -> str:
        return await self._tickets.value()

    def _notice(self, notice: Notice, link: str) -> Json:
        body: Json = {
            "touser": notice.openid,
            "template_id": notice.template_id,
            "data": _data(notice.values),
        }
        if notice.url:
            body[link] = notice.url
        if notice.mini_page:
            mini = {"appid": self._account.mini_appid, "pagepath": notice.mini_page}
            body["miniprogram"] = mini
        return body

    async def _stable_token(self, *, force: bool) -> Fetched:
        body = {
            "grant_type": "client_credential",
            "appid": self._account.appid,
            "secret": self._account.secret,
            "force_refresh": force,
        }
        path = "/cgi-bin/stable_token"
        answer = await self._transport.call("POST", path, body=_body(body))
        reply = _judged(path, answer, secrets=(self._account.secret,))
        return _fetched(reply, "access_token")

    async def _ticket(self, *, force: bool) -> Fetched:  # noqa: ARG002  # tickets know no force
        reply = await self._json("GET", "/cgi-bin/ticket/getticket", query={"type": "jsapi"})
        return _fetched(reply, "ticket")

    async def _post(self, path: str, body: Json, *, fine: frozenset[int] = frozenset({OK})) -> Json:
        return await self._json("POST", path, body=_body(body), fine=fine)

    async def _json(  # what a call is made of
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        fine: frozenset[int] = frozenset({OK}),
        media: bool = False,
    ) -> Json:
        answer = await self._call(method, path, query=query, body=body, fine=fine, media=media)
        reply = _object(answer)
        if reply is None:
            raise Transient(f"{path}: an answer that is no JSON", uncertain=True)
        return reply

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        fine: frozenset[int] = frozenset({OK}),
        media: bool = False,
    ) -> Answer:
        """Call with the token; with another one, once, when WeChat refuses it."""

        async def send(token: str) -> Answer:
            asked = {**(query or {}), "access_token": token}
            return await self._transport.call(method, path, query=asked, body=body, media=media)

        token = await self._tokens.value()
        answer = await send(token)
        if _errcode(answer) in TOKEN_STALE:
            token = await self._tokens.instead_of(token)
            answer = await send(token)  # a second refusal is not about the token's age
        _judged(path, answer, secrets=(token, self._account.secret), fine=fine)
        return answer


def _judged(
    path: str,
    answer: Answer,
    *,
    secrets: tuple[str, ...],
    fine: frozenset[int] = frozenset({OK}),
) -> Json:
    """The JSON of a good answer ({} for a picture); a bad one raises."""
    reply = _object(answer)
    if reply is None:
        if answer.status in {411, 412, 413, 414}:  # about how we sent it
            raise Permanent(f"{path}: HTTP {answer.status}")
        if answer.status != 200 or answer.content_type == "text/html":
            raise Transient(f"{path}: HTTP {answer.status}, no JSON", uncertain=True)
        return {}
    code = _coerced(reply)
    if code in fine:
        return reply
    said = str(reply.get("errmsg", ""))[:LONGEST_ERRMSG]
    for secret in secrets:
        said = said.replace(secret, "***")
    rid = said.rpartition("rid: ")[2] if "rid: " in said else ""
    loud = log.error if code in MISCONFIGURED else log.warning
    loud("wechat_refused", path=path, errcode=code, errmsg=said, rid=rid)
    what = f"{path}: {code} {said}"
    if code in BUSY or code in NOT_NOW or code in TOKEN_STALE:
        raise Transient(what, errcode=code, rid=rid, uncertain=code in BUSY)
    raise Permanent(what, errcode=code, rid=rid)


def _errcode(answer: Answer) -> int:
    reply = _object(answer)
    return OK if reply is None else _coerced(reply)


def _coerced(reply: Json) -> int:
    """Errcode is absent on success, and now and then a string."""
    try:
        return int(reply.get("errcode") or OK)
    except (TypeError, ValueError):
        return -1


def _object(answer: Answer) -> Json | None:
    """The JSON object that the answer is, whatever its Content-Type says; None for all else."""
    if answer.body.lstrip()[:1] != b"{":
        return None
    try:
        reply = json.loads(answer.body.decode(), strict=False)
    except ValueError:
        return None
    return reply if isinstance(reply, dict) else None


def _told(reply: Json, name: str) -> str:
    value = reply.get(name)
    if not isinstance(value, str) or not value:
        raise Transient(f"a good answer without {name}")
    return value


def _fetched(reply: Json, name: str) -> Fetched:
    lives = reply.get("expires_in")
    if not isinstance(lives, int) or lives <= 0:
        raise Transient("a good answer without expires_in")
    return Fetched(_told(reply, name), timedelta(seconds=lives))


def _body(value: Json) -> Body:
    """UTF-8 as it stands: WeChat refuses or shows the escapes that json= would send."""
    return Body(json.dumps(value, ensure_ascii=False).encode(), JSON_TYPE)


def _data(values: Mapping[str, str]) -> Json:
    return {name: {"value": value} for name, value in values.items()}


def _custom(content: Content, mini_appid: str) -> tuple[str, Json]:
    if isinstance(content, Text):
        return "text", {"content": content.content}
    if isinstance(content, PageCard):
        part = {"title": content.title, "appid": mini_appid, "pagepath": content.page}
        return "miniprogrampage", part | {"thumb_media_id": content.thumb_media_id}
    return "image", {"media_id": content.media_id}
