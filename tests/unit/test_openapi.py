"""The API document is valid and says what the routes say."""

from typing import Literal

from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Field

from bot.domain.errors import Stale
from bot.handlers import openapi
from bot.handlers.audience import Audience
from bot.handlers.forms import Input
from bot.handlers.surface import Contract, Route
from bot.routes import ROUTES


class Item(Input):
    name: str = Field(description="名称")


class Order(Input):
    items: list[Item]
    kind: Literal["a", "b"] = "a"


class Search(Input):
    word: str
    page: int = Field(1, ge=1, description="第几页")


class Receipt(BaseModel):
    number: str


async def nothing(_request: web.Request) -> web.Response:
    return web.Response()


SAMPLE = (
    Route(
        "POST",
        "/api/orders/{id:[0-9a-f-]+}",
        nothing,
        Audience.MEMBER,
        Contract("下单", body=Order, query=Search, returns=Receipt, refusals=(Stale,)),
    ),
    Route("GET", "/hidden", nothing, Audience.PUBLIC),
)


def test_the_document_of_the_product_is_valid_openapi():
    document = openapi.build(ROUTES)

    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert set(document["paths"]) == {route.path for route in ROUTES if route.contract}


def test_the_document_of_a_rich_route_is_valid_openapi():
    document = openapi.build(SAMPLE)

    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_one_declaration_tells_parameters_body_answers_and_refusals():
    document = openapi.build(SAMPLE)

    operation = document["paths"]["/api/orders/{id}"]["post"]
    assert [(p["in"], p["name"], p["required"]) for p in operation["parameters"]] == [
        ("path", "id", True),
        ("query", "word", True),
        ("query", "page", False),
        ("header", "Idempotency-Key", True),
    ]
    order = operation["requestBody"]["content"]["application/json"]["schema"]
    assert order == {"$ref": "#/components/schemas/Order"}
    assert document["components"]["schemas"]["Order"]["additionalProperties"] is False
    assert {status: _schema(answer) for status, answer in operation["responses"].items()} == {
        "200": "Receipt",
        "400": "ErrorAnswer",
        "401": "ErrorAnswer",
        "403": "ErrorAnswer",
        "408": "ErrorAnswer",
        "409": "ErrorAnswer",
        "413": "ErrorAnswer",
        "422": "ErrorAnswer",
        "500": "ErrorAnswer",
    }


def _schema(answer: dict) -> str:
    return answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]


def test_a_route_without_a_summary_stays_out_of_the_document():
    assert "/hidden" not in openapi.build(SAMPLE)["paths"]
