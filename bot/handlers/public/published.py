"""What strangers need to check certificates by themselves: the keys, the list of states, a page."""

from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256

import orjson
from aiohttp import web

from bot.clients.vault import read_keys
from bot.deps import DEPS
from bot.domain.errors import NotFound, Unavailable
from bot.domain.signing_keys import Key
from bot.handlers import pages
from bot.handlers.assets import ASSETS
from bot.scoring.library import shipped_programmes
from bot.services.audit_reading import last_head
from bot.services.audit_sequence import HeadSigner

KEPT_FOR = "public, max-age=300, stale-if-error=86400"


async def keys(request: web.Request) -> web.Response:
    """Every key we ever signed with and still answer for, as a JWK set (RFC 7517, RFC 8037)."""
    deps = request.app[DEPS]
    register, now = deps.verifier.register, deps.clock()
    if register.as_of is None:
        raise Unavailable
    known = sorted(register.keys.keys.values(), key=lambda key: key.number)
    content = {
        "issuer": deps.config.public_url,
        "former_issuers": deps.config.addresses[1:],
        "schemes": {
            programme.certificate.body: {"name": programme.name, "issuer": programme.issuer}
            for programme in shipped_programmes()
        },
        "keys": [_jwk(key) for key in known if key.may_verify(now)],
    }
    return _cached(request, orjson.dumps(content), "application/jwk-set+json", None)


def _jwk(key: Key) -> dict[str, object]:
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": str(key.number),
        "x": urlsafe_b64encode(key.public).rstrip(b"=").decode(),
        "purpose": key.purpose,
        "test": key.is_test,
        "used_from": key.used_from,
        "signs_until": key.retired_at,
        "compromised_from": key.compromised_from,
        "verify_until": key.verify_until,
    }


async def status_list(request: web.Request) -> web.Response:
    """The last signed list of what is not as it was issued; its age is inside."""
    made_at, body = request.app[DEPS].verifier.register.status_list
    if not body:
        raise Unavailable
    return _cached(request, body.encode(), "application/vc+jwt", made_at)


async def audit_head(request: web.Request) -> web.Response:
    """The last signed head of the audit log: whoever keeps it can tell if history is rewritten."""
    head = await last_head()
    if head is None:
        raise NotFound
    public = HeadSigner(read_keys(request.app[DEPS].config.audit_keys.get_secret_value())).public()
    content = head.shown() | {"public_key": public[head.key_id].hex()}
    return _cached(request, orjson.dumps(content), "application/json", head.at)


async def offline(request: web.Request) -> web.Response:
    """The page that checks without us, once it has been opened with us."""
    return pages.render(request, "public/offline.html", base=request.app[DEPS].config.public_url)


async def offline_worker(request: web.Request) -> web.Response:
    """The script by which a browser keeps that page and its files: new files make it another."""
    files = [request.app[ASSETS].url(name) for name in ("mark.svg", "verify.css", "offline.js")]
    here = "/certificates/offline"
    page = pages.fill(request, "public/offline.html", base=request.app[DEPS].config.public_url)
    version = sha256(page.encode()).hexdigest()[:12]
    text = pages.fill(request, "public/offline_worker.js", version=version, files=[here, *files])
    headers = {"Cache-Control": "no-cache", "Content-Type": "text/javascript; charset=utf-8"}
    return web.Response(text=text, headers=headers)


def _cached(request: web.Request, body: bytes, kind: str, made_at: datetime | None) -> web.Response:
    etag = f'"{sha256(body).hexdigest()[:16]}"'
    headers = {"Cache-Control": KEPT_FOR, "ETag": etag, "Access-Control-Allow-Origin": "*"}
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=headers)
    answer = web.Response(body=body, headers=headers | {"Content-Type": kind})
    if made_at is not None:
        answer.last_modified = made_at
    return answer
