"""The API document, OpenAPI 3.1, made from the routes, and the page that shows it."""

import re
from collections.abc import Iterable, Mapping
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
    NotFound,
    NotSignedIn,
    TooLarge,
    TooSlow,
)
from bot.handlers import pages
from bot.handlers.audience import Audience
from bot.handlers.errors import CRASH, ErrorAnswer, status_of
from bot.handlers.surface import Route

REF = "#/components/schemas/{model}"
PATH_PARAMETER = re.compile(r"{(\w+)(:[^}]*)?}")
JSON = "application/json"
AUDIENCES: Mapping[Audience, str] = {
    Audience.PUBLIC: "任何人",
    Audience.PROVIDER: "微信等平台（以签名证明身份）",
    Audience.MEMBER: "会员企业（登录后）",
    Audience.STAFF: "协会工作人员（登录后）",
}
# What the frame itself refuses, before the handler is asked.
BY_AUDIENCE: Mapping[Audience, tuple[type[DomainError], ...]] = {
    Audience.PUBLIC: (),
    Audience.PROVIDER: (BadSignature,),
    Audience.MEMBER: (NotSignedIn, ForeignOrigin),
    Audience.STAFF: (NotFound,),
}

Json = dict[str, Any]
Model = type[BaseModel]


def build(routes: Iterable[Route]) -> Json:
    """Describe every route that has a summary."""
    told = [route for route in routes if route.summary]
    kinds: set[tuple[Model, JsonSchemaMode]] = {(ErrorAnswer, "serialization")}
    for route in told:
        kinds |= {(model, "validation") for model in (route.body, route.query) if model}
        kinds |= {(route.returns, "serialization")} if route.returns else set()
    ordered = sorted(kinds, key=lambda kind: (kind[0].__module__, kind[0].__qualname__, kind[1]))
    refs, definitions = models_json_schema(ordered, ref_template=REF)
    schemas = definitions.get("$defs", {})
    paths: Json = {}
    for route in told:
        path = PATH_PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, refs, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "中小企业信用服务接口", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


Refs = Mapping[Any, Json]  # keyed by model and mode, as pydantic hands it out


def _operation(route: Route, refs: Refs, schemas: Json) -> Json:
    name = re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_")
    operation: Json = {
        "operationId": name,
        "summary": route.summary,
        "tags": [AUDIENCES[route.audience]],
        "responses": _responses(route, refs),
    }
    if parameters := [*_path_parameters(route), *_query_parameters(route, refs, schemas)]:
        operation["parameters"] = parameters
    if route.body:
        schema = refs[route.body, "validation"]
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return operation


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name, _ in PATH_PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route, refs: Refs, schemas: Json) -> list[Json]:
    if not route.query:
        return []
    model = schemas[refs[route.query, "validation"]["$ref"].rpartition("/")[2]]
    return [
        {"name": name, "in": "query", "required": name in model.get("required", ()), "schema": kind}
        | ({"description": kind["description"]} if "description" in kind else {})
        for name, kind in model["properties"].items()
    ]


def _responses(route: Route, refs: Refs) -> Json:
    good: Json = {"description": "成功"}
    if route.returns:
        good["content"] = {JSON: {"schema": refs[route.returns, "serialization"]}}
    responses: Json = {str(status): dict(good) for status in route.statuses}
    for status in route.statuses:
        if status >= 400:
            responses[str(status)]["description"] = "未成功，内容说明原因"
    wrong = {"content": {JSON: {"schema": refs[ErrorAnswer, "serialization"]}}}
    for refusal in _refusals(route):
        answer = responses.setdefault(str(int(status_of(refusal))), {"description": ""} | wrong)
        line = f"{refusal.code}：{refusal.message}"
        if line not in answer["description"]:
            answer["description"] = " ".join(filter(None, (answer["description"], line)))
    crash = str(int(HTTPStatus.INTERNAL_SERVER_ERROR))
    responses[crash] = {"description": "：".join(CRASH)} | wrong
    return dict(sorted(responses.items()))


def _refusals(route: Route) -> Iterable[type[DomainError]]:
    yield from BY_AUDIENCE[route.audience]
    if route.body or route.query:
        yield BadInput
    if route.body:
        yield from (TooLarge, TooSlow)
    yield from route.refusals


DOCUMENT = web.AppKey("DOCUMENT", Json)


async def document(request: web.Request) -> web.Response:
    return web.Response(body=orjson.dumps(request.app[DOCUMENT]), content_type=JSON)


async def page(request: web.Request) -> web.Response:
    """Show the document as a page, without a script."""
    return pages.render(request, "docs.html", page="docs", api=request.app[DOCUMENT])
