"""Rules for settings that belong together: lists of keys, addresses of stores."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

NAMED_KEY = r"[A-Za-z0-9]{1,32}:[0-9a-f]{64}"
BUCKET = r"https?://[^:@/?#\s]+:[^@/?#\s]+@[\w.-]+(:\d{1,5})?/[\w.-]+(\?region=[\w-]+)?"


def key_faults(lists: Mapping[str, str], index: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """Keys in a list each have an id of their own, and no key serves two purposes."""
    seen: set[str] = set()
    for name, text in lists.items():
        lines = [part.strip() for part in text.split(",") if part.strip()]
        keys = [line.partition(":") for line in lines]
        if not keys or not all(re.fullmatch(NAMED_KEY, line) for line in lines):
            yield name, "每一项须为 编号:64 位十六进制（小写），用逗号分开"
        elif len({key[0] for key in keys}) < len(keys):
            yield name, "有两个密钥的编号相同，请换一个编号"
        elif seen & {key[2] for key in keys}:
            yield name, "与别的设置用了同一个密钥，请换一个"
        seen |= {key[2] for key in keys}
    if not re.fullmatch(r"[0-9a-f]{64}", index[1]):
        yield index[0], "须为 64 位十六进制（小写）"
    elif index[1] in seen:
        yield index[0], "与别的设置用了同一个密钥，请换一个"


def store_faults(urls: Mapping[str, str], *, production: bool) -> Iterator[tuple[str, str]]:
    """Each store has an address of its own that can be read; only production must have one."""
    seen: set[str] = set()
    for name, url in urls.items():
        if (url or production) and not re.fullmatch(BUCKET, url):
            yield name, "须形如 https://编号:密钥@主机/桶?region=地区，生产环境必须填写"
        elif production and not url.startswith("https://"):
            yield name, "生产环境须以 https:// 开头"
        elif url in seen:
            yield name, "保密材料须与一般材料分开存放"
        seen |= {url} - {""}


def password_of(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:  # an address that nobody can read is found by whoever connects
        return "?"


def lines(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
