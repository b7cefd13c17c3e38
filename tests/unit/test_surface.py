"""The surface: what is routed, who may come in, what each refusal becomes."""

import importlib
import pkgutil

import pytest

import bot
from bot.app import build_app
from bot.domain import errors as refusals
from bot.domain.errors import DomainError, NotFound
from bot.handlers.audience import PROOFS, Audience, proof_of
from bot.handlers.errors import STATUS, status_of
from bot.handlers.surface import Route
from bot.routes import ROUTES
from tests.http.frame import make_deps


def every_refusal(kind: type[DomainError] = DomainError) -> set[type[DomainError]]:
    return {kind}.union(*(every_refusal(child) for child in kind.__subclasses__()))


def refusals_of_the_product() -> set[type[DomainError]]:
    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {kind for kind in every_refusal() if kind.__module__.startswith("bot.")}


def test_a_line_of_the_table_says_what_the_one_above_does_not():
    assert STATUS[DomainError] == 409
    for kind in set(STATUS) - {DomainError}:
        assert status_of(kind.__base__) != STATUS[kind]


def test_every_refusal_has_a_status_a_code_and_a_sentence_of_its_own():
    kinds = refusals_of_the_product()

    assert {status_of(kind) for kind in kinds} == set(STATUS.values())
    own = {kind for kind in kinds if DomainError in kind.__bases__}
    assert len({kind.code for kind in own}) == len(own)
    assert all(kind.message.endswith("。") for kind in own)


def test_no_refusal_says_403_for_what_is_not_yours():
    assert STATUS[NotFound] == 404
    assert [kind for kind, status in STATUS.items() if status == 403] == [refusals.BadSignature]


def test_the_router_holds_exactly_the_declared_routes():
    app = build_app(make_deps())

    routed = {(route.method, route.resource.canonical) for route in app.router.routes()}

    declared = {(route.method, route.path) for route in ROUTES}
    heads = {("HEAD", path) for method, path in declared if method == "GET"}
    assert routed == declared | heads
    assert len(declared) == len(ROUTES)


def test_a_route_cannot_be_written_without_an_audience():
    with pytest.raises(TypeError, match="audience"):
        Route("GET", "/", ROUTES[0].handler)  # type: ignore[call-arg]


@pytest.mark.parametrize("audience", sorted(set(Audience) - set(PROOFS)))
async def test_an_audience_without_a_proof_is_refused(audience):
    with pytest.raises(NotFound):
        await proof_of(audience)(None)  # type: ignore[arg-type]


def test_what_proves_itself_by_signature_stands_where_signatures_are_checked():
    by_signature = [route for route in ROUTES if route.audience is Audience.PROVIDER]
    hooks = [route for route in ROUTES if route.path.startswith("/hooks/")]

    assert by_signature == hooks
    assert all(route.handler.__module__.startswith("bot.handlers.hooks.") for route in hooks)
