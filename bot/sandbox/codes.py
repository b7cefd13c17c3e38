"""Codes, links, tickets and uploads: what the account asks for to be scanned, opened or sent."""

import base64
import io
import re
import secrets
import struct
import zlib
from datetime import timedelta
from typing import Any

import qrcode
import zxingcpp
from PIL import Image

from bot.sandbox.answers import OK, Answer, Call, Picture, Refused
from bot.sandbox.ledger import stamp
from bot.sandbox.world import Mistake, World

LONGEST_S = 2_592_000
SHORTEST_S = 60
PAGE_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
TICKET_LIFE = timedelta(seconds=7200)
_SQUARE = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
SCALE, QUIET = 8, 4
LARGEST_PICTURE = 10 * 1024 * 1024


def create(call: Call) -> dict[str, Any]:
    """A parametric code, temporary or for ever."""
    action, info = call.body.get("action_name"), call.body.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if action not in {"QR_STR_SCENE", "QR_LIMIT_STR_SCENE"} or not isinstance(scene, dict):
        raise Refused(40052, "invalid action name")
    words = scene.get("scene_str")
    if not isinstance(words, str) or not 1 <= len(words) <= 64:
        raise Refused(40053, "invalid action info")
    ticket = f"gQ{secrets.token_urlsafe(60)}=="
    url = f"http://weixin.qq.com/q/{secrets.token_urlsafe(12)}"
    answer: dict[str, Any] = {"ticket": ticket, "url": url}
    until = None
    if action == "QR_STR_SCENE":
        asked = call.body.get("expire_seconds", SHORTEST_S)
        if not isinstance(asked, int) or not 1 <= asked <= LONGEST_S:
            raise Refused(40053, "invalid action info")
        answer["expire_seconds"] = asked
        until = stamp(call.world.clock() + timedelta(seconds=asked))
    call.world.ledger.run(
        "INSERT INTO codes VALUES (:ticket, :url, :scene, :until)",
        {"ticket": ticket, "url": url, "scene": words, "until": until},
    )
    return answer


def show(call: Call) -> Answer:
    """On mp.weixin.qq.com in the real world; needs no token."""
    ticket = call.query.get("ticket", "")
    found = call.world.ledger.row("SELECT url FROM codes WHERE ticket = :t", {"t": ticket})
    if found is None:
        raise Refused(40097, "invalid ticket")
    return Picture(_drawn(found["url"]))


def scene_behind(world: World, scanned: str) -> str | None:
    """The scene of a code that was made here and still works; None for everything else."""
    found = world.ledger.row(
        "SELECT scene FROM codes WHERE url = :url AND (expires_at IS NULL OR expires_at > :now)",
        {"url": scanned, "now": stamp(world.clock())},
    )
    return found["scene"] if found else None


def page_code(call: Call) -> Answer:
    """A picture; of the round code we draw only what matters, a square one."""
    scene, page = call.body.get("scene"), call.body.get("page", "")
    if not isinstance(scene, str) or not PAGE_SCENE.fullmatch(scene):
        raise Refused(40129, "invalid scene")
    if not isinstance(page, str) or page.startswith("/") or "?" in page:
        raise Refused(41030, "invalid page")
    return Picture(_drawn(f"mini:{page}?scene={scene}"))


def url_link(call: Call) -> dict[str, Any]:
    path = call.body.get("path", "")
    if not isinstance(path, str) or not path.startswith("/"):
        raise Refused(40165, "invalid weapp pagepath")
    if len(str(call.body.get("query", ""))) > 1024:
        raise Refused(40212, "invalid query")
    days = call.body.get("expire_interval", 30)
    if call.body.get("expire_type") != 1 or not isinstance(days, int) or not 1 <= days <= 30:
        raise Refused(85401, "expire time out of range")
    return {**OK, "url_link": f"https://wxaurl.cn/{secrets.token_urlsafe(8)}"}


def ticket(call: Call) -> dict[str, Any]:
    """The same ticket until its last five minutes."""
    if call.query.get("type") != "jsapi":
        raise Refused(40097, "invalid args")
    now = call.world.clock()
    kept = call.world.ledger.recall("jsapi_ticket")
    if kept is None or kept["until"] <= now.timestamp() + 300:
        words = f"sM4AOVdWfPE4DxkXGEs8{secrets.token_urlsafe(48)}"
        kept = {"ticket": words, "until": int((now + TICKET_LIFE).timestamp())}
        call.world.ledger.remember("jsapi_ticket", kept)
    return {**OK, "ticket": kept["ticket"], "expires_in": kept["until"] - int(now.timestamp())}


def upload(call: Call) -> dict[str, Any]:
    """A temporary picture. A chunked upload never comes here: it is refused with 412."""
    if call.query.get("type") != "image":
        raise Refused(40004, "invalid media type")
    file = call.upload
    if file is None or not file.content:
        raise Refused(41005, "media data missing")
    if not file.filename.isascii() or not file.filename.endswith((".png", ".jpg")):
        raise Refused(41005, "media data missing")
    if len(file.content) > LARGEST_PICTURE:
        raise Refused(40009, "invalid image size")
    made = int(call.world.clock().timestamp())
    return {"type": "image", "media_id": secrets.token_urlsafe(32), "created_at": made}


def picture(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except ValueError as error:
        raise Mistake(400, "bad_input", "图片须为 base64。", field="content") from error


def seen_on(content: bytes) -> str:
    """What the first QR code on a picture says; "" where there is none."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            found = zxingcpp.read_barcodes(image.convert("L"), formats=_SQUARE)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Mistake(400, "bad_input", "这不是图片，请换一张。", field="content") from None
    return next((one.text for one in found), "")


def keep_media(world: World, content: bytes) -> str:
    """A picture that a person sends: fetched by the account within three days."""
    media_id = secrets.token_urlsafe(32)
    world.ledger.remember(f"media:{media_id}", base64.b64encode(content).decode())
    return media_id


def media(call: Call) -> Answer:
    found = kept_media(call.world, call.query.get("media_id", ""))
    if found is None:
        raise Refused(40007, "invalid media_id")
    return found


def kept_media(world: World, media_id: str) -> Picture | None:
    kept = world.ledger.recall(f"media:{media_id}")
    if kept is None:
        return None
    content = base64.b64decode(kept)
    kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    return Picture(content, kind)


def _drawn(words: str) -> bytes:
    """A PNG of one bit per pixel."""
    code = qrcode.QRCode(border=QUIET)
    code.add_data(words)
    lines = []
    for row in code.get_matrix():
        bits = "".join(("0" if dark else "1") * SCALE for dark in row)
        bits = bits.ljust(-(-len(bits) // 8) * 8, "1")
        line = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
        lines.append(line * SCALE)
    side = len(code.get_matrix()) * SCALE
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    body = zlib.compress(b"".join(lines))
    parts = (_chunk(b"IHDR", head), _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + check
