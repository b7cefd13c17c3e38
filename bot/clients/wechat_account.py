"""WeChatHttp: one account of WeChat over HTTP."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clients.tokens import Fetched, Shared, Tokens
from bot.clients.wechat import (
    LONGEST_LIFE,
    Button,
    Content,
    LicenceWords,
    Notice,
    PageCard,
    SceneCode,
    Text,
    Visitor,
)
from bot.clients.wechat_answers import (
    NO_MENU,
    OK,
    SENT_BEFORE,
    TOKEN_STALE,
    Json,
    errcode,
    judged,
    licence_words,
    parsed,
    told,
)
from bot.clients.wechat_errors import Permanent, Transient
from bot.clients.wechat_http import JSON_TYPE, Answer, Body, Transport, upload
from bot.domain.content_checks import Verdict, understood
from bot.domain.fitting import fitting
from bot.domain.scenes import check_link, check_page_scene, check_scene


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
        body = _picture("media", content, kind)
        query = {"type": "image"}
        path = "/cgi-bin/media/upload"
        reply = await self._json("POST", path, query=query, body=body, media=True)
        return told(reply, "media_id")

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
        said = reply.get("expire_seconds")
        left = timedelta(seconds=said) if isinstance(said, int) and lives else None
        return SceneCode(told(reply, "ticket"), told(reply, "url"), left)

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
        return told(reply, "url_link")

    async def jsapi_ticket(self) -> str:
        return await self._tickets.value()

    async def user_info(self, openid: str) -> Visitor:
        query = {"openid": openid, "lang": "zh_CN"}
        reply = await self._json("GET", "/cgi-bin/user/info", query=query)
        return Visitor(told(reply, "openid"), _unionid(reply))

    async def mini_login(self, code: str) -> Visitor:
        # The session_key that comes along is needed by nothing here: it is dropped unread.
        return await self._login("/sns/jscode2session", "js_code", code)

    async def web_login(self, code: str) -> Visitor:
        return await self._login("/sns/oauth2/access_token", "code", code)

    async def phone_number(self, code: str, *, openid: str) -> str:
        path = "/wxa/business/getuserphonenumber"
        reply = await self._post(path, {"code": code, "openid": openid})
        info = reply.get("phone_info")
        mark = info.get("watermark") if isinstance(info, dict) else None
        if not isinstance(info, dict) or not isinstance(mark, dict):
            raise Transient("a good answer without phone_info")
        if mark.get("appid") != self._account.appid:
            raise Permanent(f"{path}: the number was given to another account")
        return told(info, "phoneNumber")

    async def read_licence(self, picture: bytes, *, kind: str) -> LicenceWords:
        body = _picture("img", picture, kind)
        reply = await self._json("POST", "/cv/ocr/bizlicense", body=body, media=True)
        return licence_words(reply)

    async def check_text(self, text: str, *, openid: str, scene: int) -> Verdict:
        body = {"version": 2, "openid": openid, "scene": scene, "content": text}
        result = (await self._post("/wxa/msg_sec_check", body)).get("result")
        found = result if isinstance(result, dict) else {}  # errcode 0 alone means nothing
        return understood(found.get("suggest"), found.get("label"))

    async def check_picture(self, url: str, *, openid: str, scene: int) -> str:
        body = {"media_url": url, "media_type": 2, "version": 2, "openid": openid, "scene": scene}
        return told(await self._post("/wxa/media_check_async", body), "trace_id")

    async def download(self, media_id: str) -> bytes:
        path, query = "/cgi-bin/media/get", {"media_id": media_id}
        answer = await self._call("GET", path, query=query, media=True)
        if not answer.content_type.startswith("image/"):
            raise Permanent(f"{path}: no picture but {answer.content_type}")
        return answer.body

    async def _login(self, path: str, name: str, code: str) -> Visitor:
        """Redeem a code. Neither call takes the access token, and the code works only once."""
        secret = self._account.secret
        query = {
            "appid": self._account.appid,
            "secret": secret,
            name: code,
            "grant_type": "authorization_code",
        }
        answer = await self._transport.call("GET", path, query=query)
        reply = judged(path, answer, secrets=(secret, code))
        return Visitor(
            told(reply, "openid"),
            _unionid(reply),
            virtual=str(reply.get("is_snapshotuser", 0)) != "0",
        )

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
        reply = judged(path, answer, secrets=(self._account.secret,))
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
        reply = parsed(answer)
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
        if errcode(answer) in TOKEN_STALE:
            token = await self._tokens.instead_of(token)
            answer = await send(token)  # a second refusal is not about the token's age
        judged(path, answer, secrets=(token, self._account.secret), fine=fine)
        return answer


def _fetched(reply: Json, name: str) -> Fetched:
    lives = reply.get("expires_in")
    if not isinstance(lives, int) or lives <= 0:
        raise Transient("a good answer without expires_in")
    return Fetched(told(reply, name), timedelta(seconds=lives))


def _body(value: Json) -> Body:
    """UTF-8 as it stands: WeChat refuses or shows the escapes that json= would send."""
    return Body(json.dumps(value, ensure_ascii=False).encode(), JSON_TYPE)


def _unionid(reply: Json) -> str | None:
    unionid = reply.get("unionid")
    return unionid if isinstance(unionid, str) and unionid else None


def _picture(field: str, content: bytes, kind: str) -> Body:
    media_type = "image/jpeg" if kind == "jpg" else f"image/{kind}"
    return upload(field, f"picture.{kind}", content, media_type)


def _data(values: Mapping[str, str]) -> Json:
    return {name: {"value": value} for name, value in values.items()}


def _custom(content: Content, mini_appid: str) -> tuple[str, Json]:
    if isinstance(content, Text):
        return "text", {"content": fitting(content.content)}
    if isinstance(content, PageCard):
        part = {"title": content.title, "appid": mini_appid, "pagepath": content.page}
        return "miniprogrampage", part | {"thumb_media_id": content.thumb_media_id}
    return "image", {"media_id": content.media_id}
