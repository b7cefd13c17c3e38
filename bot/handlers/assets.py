"""Style sheets and the like: allow-listed npm files and our own, under content-hashed names."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # it ships no types
from aiohttp import web

from bot.domain.errors import NotFound

ROOT = Path(__file__).parents[2]
# From npm: this name, this file, and nothing else of the package.
LIBRARIES: Mapping[str, str] = {
    "signature_pad.js": "signature_pad/dist/signature_pad.umd.min.js",
    "weixin.js": "weixin-js-sdk/index.js",
    "weui.css": "weui/dist/style/weui.min.css",
}
KINDS: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
SOURCE_MAP = re.compile(rb"\n?(?://|/\*)# sourceMappingURL=\S+(?: \*/)?\s*$")


class MissingAssetError(Exception):
    """A file that the pages need is not there; says how to get it."""


@dataclass(frozen=True, slots=True)
class Asset:
    url: str
    etag: str
    kind: str
    bodies: Mapping[str, bytes]
    """By content coding; "" is the plain one."""


@dataclass(frozen=True, slots=True)
class Assets:
    urls: Mapping[str, str]
    by_name: Mapping[str, Asset]
    """By the name in the address: weui.0123456789ab.css."""

    def url(self, name: str) -> str:
        """Return the address of an asset for a template; an unknown name is a KeyError."""
        return self.urls[name]


def gather(root: Path, libraries: Mapping[str, str]) -> dict[str, Path]:
    """Find every file by the name the templates use, or say which one is missing."""
    files = {name: root / "node_modules" / path for name, path in libraries.items()}
    for name, path in files.items():
        if not path.is_file():
            raise MissingAssetError(
                f"网页需要的文件 {libraries[name]} 没有找到：请运行 ./run，它会安装 npm 包"
            )
    own = sorted(path for path in (root / "templates" / "static").iterdir() if path.is_file())
    return files | {path.name: path for path in own}


def prepare(files: Mapping[str, Path]) -> Assets:
    made = {name: _asset(name, path.read_bytes()) for name, path in files.items()}
    return Assets(
        urls={name: asset.url for name, asset in made.items()},
        by_name={asset.url.rpartition("/")[2]: asset for asset in made.values()},
    )


@cache
def load() -> Assets:
    """Read and compress everything, once a process; call it before forking to do it once in all."""
    return prepare(gather(ROOT, LIBRARIES))


def _asset(name: str, body: bytes) -> Asset:
    body = SOURCE_MAP.sub(b"", body)
    tag = hashlib.sha256(body).hexdigest()[:12]
    stem, dot, ending = name.rpartition(".")
    packed = {"br": brotli.compress(body), "gzip": gzip.compress(body, 9, mtime=0)}
    smaller = {coding: data for coding, data in packed.items() if len(data) < len(body)}
    return Asset(f"/a/{stem}.{tag}.{ending}", f'"{tag}"', KINDS[dot + ending], {"": body} | smaller)


ASSETS = web.AppKey("ASSETS", Assets)


async def serve(request: web.Request) -> web.Response:
    asset = request.app[ASSETS].by_name.get(request.match_info["name"])
    if asset is None:
        raise NotFound
    coding = next((c for c in ("br", "gzip") if c in asset.bodies and _accepts(request, c)), "")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": f"W/{asset.etag}",  # weak: one for all content codings
        "Vary": "Accept-Encoding",
    }
    if asset.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = asset.kind
    if coding:
        headers["Content-Encoding"] = coding
    return web.Response(body=asset.bodies[coding], headers=headers)


def _accepts(request: web.Request, coding: str) -> bool:
    for offer in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, weight = offer.partition(";")
        if name.strip() == coding:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
