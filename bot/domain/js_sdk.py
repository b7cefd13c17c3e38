"""The signature that lets a page of ours use WeChat's JS-SDK."""

from hashlib import sha1
from urllib.parse import urlsplit

from bot.domain.errors import BadInput


def signature(*, ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """In WeChat's own order of names; the address as the browser has it, without its fragment."""
    words = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    return sha1(words.encode()).hexdigest()  # noqa: S324  # WeChat's choice


def own_address(url: str, *, public_url: str) -> str:
    """The address without its fragment, if it is one of ours: we sign nobody else's pages."""
    page = url.partition("#")[0]
    try:
        given, ours = urlsplit(page), urlsplit(public_url)
        same = (given.scheme, given.netloc) == (ours.scheme, ours.netloc)
    except ValueError:
        same = False
    if not same:
        raise BadInput("只能为本站的页面签名。", field="url")
    return page
