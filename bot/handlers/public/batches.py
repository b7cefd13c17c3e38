"""Checking up to 500 certificates at once, with a signed receipt of what was said and when."""

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Annotated

import orjson
from aiohttp import web
from pydantic import BaseModel, Field

from bot.clients.signer import compact_jws
from bot.deps import DEPS
from bot.domain.certificate_token import LONGEST
from bot.domain.certificates import is_number
from bot.domain.errors import TooMany, Unavailable
from bot.domain.verification import Finding
from bot.handlers import forms
from bot.handlers.limits import SAME_TIME_S, Limiter, client_of
from bot.handlers.public.showing import as_json
from bot.handlers.public.verification import TYPED
from bot.handlers.surface import Contract

MOST = 500
AT_ONCE = 20  # checked before others get their turn: a forged one costs a tenth of a millisecond
RECEIPT = "certificate-check+jwt"
CHECKS = Limiter(per_client=3000, in_all=30_000, seconds=60)
ADDRESS_CHARACTERS = LONGEST + 200


class Codes(forms.Input):
    codes: list[Annotated[str, Field(max_length=ADDRESS_CHARACTERS)]] = Field(
        min_length=1,
        max_length=MOST,
        description="扫码得到的完整网址，或网址里的“编号 口令”，或只有口令（t= 后面的一段）；"
        "没有二维码时可以是证书编号，但那样不核对签名，一分钟最多 30 张",
    )


class Checked(BaseModel):
    code: str = Field(description="您提交的内容")
    outcome: str = Field(description="valid、expired、suspended、revoked、replaced、unknown 之一；"
                         "unavailable 是我们的问题，请稍后再查")  # fmt: skip
    why: str = Field(description="更具体的原因，可能为空")
    word: str = Field(description="给人看的词")
    signature: str = Field(description="good、bad，或 absent（没有扫码，未核对）")
    certificate: dict[str, object] | None = Field(description="与单张核验的 JSON 相同")


class Answer(BaseModel):
    checked_at: datetime
    status_as_of: datetime | None = Field(description="登记簿截至的时间")
    results: list[Checked] = Field(description="与提交的次序相同")
    receipt: str = Field(description="签名的回执（JWS，密钥见 /certificates/keys.json）")


CHECK = Contract(
    "一次核验最多 500 张证书，附签名的回执",
    body=Codes,
    body_bytes=MOST * ADDRESS_CHARACTERS,
    returns=Answer,
    refusals=(TooMany, Unavailable),
)


async def check(request: web.Request) -> web.Response:
    deps, given = request.app[DEPS], forms.body(request, Codes)
    now, register = deps.clock(), deps.verifier.register
    typed = sum(is_number(code) for code in given.codes)
    if typed:  # walking through numbers is no cheaper here than one by one
        _spend_typed(client_of(request), typed)
    CHECKS.spend(client_of(request), len(given.codes))
    loop = asyncio.get_running_loop()
    ready = loop.time() + (SAME_TIME_S if typed else 0)
    if register.signing is None or register.as_of is None:
        raise Unavailable("暂时无法核验：回执现在不能签名，请稍后再试。")
    as_of = register.as_of  # what follows is no younger, though the register may grow meanwhile
    found: list[Finding] = []
    for start in range(0, len(given.codes), AT_ONCE):
        found += [
            deps.verifier.by_address(code, now=now) for code in given.codes[start : start + AT_ONCE]
        ]
        await asyncio.sleep(0)
    await asyncio.sleep(max(0, ready - loop.time()))
    results = [_result(code, one) for code, one in zip(given.codes, found, strict=True)]
    told = {
        "checked_at": now,
        "status_as_of": as_of,
        "results": results,
        "receipt": _receipt(request, list(zip(given.codes, found, strict=True)), now, as_of),
    }
    return web.Response(body=orjson.dumps(told), content_type="application/json")


def _spend_typed(client: str, count: int) -> None:
    try:
        TYPED.spend(client, count)
    except TooMany:
        raise TooMany(
            f"只有编号的，一分钟最多查 {TYPED.per_client} 张。"
            "请提交扫码得到的完整网址：那样不受这个限制，而且核对签名。"
        ) from None


def _result(code: str, found: Finding) -> dict[str, object]:
    whole = as_json(found)
    head = {name: whole[name] for name in ("outcome", "why", "word", "signature")}
    return {"code": code, **head, "certificate": whole if found.entry else None}


def _receipt(
    request: web.Request, answers: list[tuple[str, Finding]], now: datetime, as_of: datetime
) -> str:
    """What was asked, by its hash, what was answered, and how old our knowledge was."""
    deps = request.app[DEPS]
    if deps.verifier.register.signing is None:
        raise Unavailable
    key, sign = deps.verifier.register.signing
    said = {
        "iss": deps.config.public_url,
        "iat": int(now.timestamp()),
        "status_as_of": as_of,
        "checked": [
            {
                "sha256": sha256(code.encode()).hexdigest(),
                "number": one.entry.number if one.entry else None,
                "outcome": one.outcome,
                "why": one.why,
                "signature": one.signature,
            }
            for code, one in answers
        ],
    }
    return compact_jws(RECEIPT, key.number, orjson.dumps(said), sign).decode()
