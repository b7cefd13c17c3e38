"""The API document, OpenAPI 3.1, made from the routes, and the page that shows it."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from bot.domain.errors import (
    BadInput,
    BadSignature,
    DomainError,
    ForeignOrigin,
    NotAgreed,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooSlow,
)
from bot.handlers import once, pages
from bot.handlers.audience import Audience
from bot.handlers.errors import CRASH, ErrorAnswer, status_of
from bot.handlers.surface import Contract, Route

REF = "#/components/schemas/{model}"
PATH_PARAMETER = re.compile(r"{(\w+)(:[^}]*)?}")
JSON = "application/json"
BYTES = {"type": "string", "format": "binary"}
AUDIENCES: Mapping[Audience, str] = {
    Audience.PUBLIC: "任何人",
    Audience.PROVIDER: "微信等平台（以签名证明身份）",
    Audience.PERSON: "登录的人（不必先同意“使用信用服务”）",
    Audience.MEMBER: "会员企业（登录后）",
    Audience.STAFF: "协会工作人员（登录后）",
}
# What the frame itself refuses, before the handler is asked.
BY_AUDIENCE: Mapping[Audience, tuple[type[DomainError], ...]] = {
    Audience.PUBLIC: (),
    Audience.PROVIDER: (BadSignature,),
    Audience.PERSON: (NotSignedIn, ForeignOrigin),
    Audience.MEMBER: (NotSignedIn, ForeignOrigin, NotAgreed),
    Audience.STAFF: (NotFound,),
}

Json = dict[str, Any]
KEY_PARAMETER: Json = {
    "name": once.HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{once.KEY.pattern}$"},
    "description": "每个新请求一个新的；重试时不变：24 小时内同一个请求只执行一次，得到同一个回答",
}
KEY_OF_NOBODY: Json = KEY_PARAMETER | {
    "required": False,
    "description": "可以不给，那样每次都重新执行。给了就每个新请求一个新的，重试时不变："
    "10 分钟内同一个请求只执行一次，得到同一个回答。请用足够长的随机数，以免与别人的相同",
}
Model = type[BaseModel]


@cache
def build(routes: tuple[Route, ...]) -> Json:
    """Describe every route that has a contract; once in a process, and nobody changes it."""
    told = [(route, route.contract) for route in routes if route.contract]
    kinds: set[tuple[Model, JsonSchemaMode]] = {(ErrorAnswer, "serialization")}
    for _, contract in told:
        taken = (contract.body, contract.form, contract.query)
        kinds |= {(model, "validation") for model in taken if model}
        kinds |= {(contract.returns, "serialization")} if contract.returns else set()
    ordered = sorted(kinds, key=lambda kind: (kind[0].__module__, kind[0].__qualname__, kind[1]))
    refs, definitions = models_json_schema(ordered, ref_template=REF)
    schemas = definitions.get("$defs", {})
    for schema in schemas.values():  # pydantic puts our docstrings there: for us, not for readers
        schema.pop("description", None)
    paths: Json = {}
    for route, contract in told:
        path = PATH_PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(
            route, contract, refs, schemas
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "中小企业信用服务接口", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


Refs = Mapping[Any, Json]  # keyed by model and mode, as pydantic hands it out


def _operation(route: Route, contract: Contract, refs: Refs, schemas: Json) -> Json:
    name = re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_")
    operation: Json = {
        "operationId": name,
        "summary": contract.summary,
        "tags": [AUDIENCES[route.audience]],
        "responses": _responses(route, contract, refs),
    }
    parameters = [
        *_path_parameters(route),
        *_query_parameters(contract, refs, schemas),
        *([_key(route)] if once.needed(route) else ()),
    ]
    if parameters:
        operation["parameters"] = parameters
    if content := _taken(contract, refs, schemas):
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _key(route: Route) -> Json:
    return KEY_PARAMETER if once.required(route) else KEY_OF_NOBODY


def _taken(contract: Contract, refs: Refs, schemas: Json) -> Json:
    """The body by its type."""
    if contract.body:
        return {JSON: {"schema": refs[contract.body, "validation"]}}
    if contract.form:
        model = schemas[refs[contract.form, "validation"]["$ref"].rpartition("/")[2]]
        fields = {
            "type": "object",
            "required": [*model.get("required", ()), "file"],
            "properties": {**model["properties"], "file": BYTES},
        }
        return {"multipart/form-data": {"schema": fields}}
    return {"application/octet-stream": {"schema": BYTES}} if contract.raw else {}


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name, _ in PATH_PARAMETER.findall(route.path)
    ]


def _query_parameters(contract: Contract, refs: Refs, schemas: Json) -> list[Json]:
    if not contract.query:
        return []
    model = schemas[refs[contract.query, "validation"]["$ref"].rpartition("/")[2]]
    return [
        {"name": name, "in": "query", "required": name in model.get("required", ()), "schema": kind}
        | ({"description": kind["description"]} if "description" in kind else {})
        for name, kind in model["properties"].items()
    ]


def _responses(route: Route, contract: Contract, refs: Refs) -> Json:
    good: Json = {"description": "成功"}
    if contract.returns:
        good["content"] = {JSON: {"schema": refs[contract.returns, "serialization"]}}
    if contract.gives:
        good["content"] = {str(kind): {"schema": BYTES} for kind in contract.gives}
    responses: Json = {str(status): dict(good) for status in contract.statuses}
    for status in contract.statuses:
        if status >= 400:
            responses[str(status)]["description"] = "未成功，内容说明原因"
    wrong = {"content": {JSON: {"schema": refs[ErrorAnswer, "serialization"]}}}
    for refusal in _refusals(route, contract):
        answer = responses.setdefault(str(int(status_of(refusal))), {"description": ""} | wrong)
        line = f"{refusal.code}：{refusal.message}"
        if line not in answer["description"]:
            answer["description"] = " ".join(filter(None, (answer["description"], line)))
    crash = str(int(HTTPStatus.INTERNAL_SERVER_ERROR))
    responses[crash] = {"description": "：".join(CRASH)} | wrong
    return dict(sorted(responses.items()))


def _refusals(route: Route, contract: Contract) -> Iterable[type[DomainError]]:
    yield from BY_AUDIENCE[route.audience]
    if once.needed(route):
        yield from once.REFUSALS
    reads = contract.body or contract.form or contract.raw
    if reads or contract.query:
        yield BadInput
    if reads:
        yield from (TooLarge, TooSlow)
    yield from contract.refusals


DOCUMENT = web.AppKey("DOCUMENT", Json)


async def document(request: web.Request) -> web.Response:
    return web.Response(body=orjson.dumps(request.app[DOCUMENT]), content_type=JSON)


async def page(request: web.Request) -> web.Response:
    """Show the document as a page, without a script; the longest page of all, so it is packed."""
    answer = pages.render(request, "docs.html", api=request.app[DOCUMENT])
    answer.enable_compression()
    return answer
