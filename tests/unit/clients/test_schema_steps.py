"""Migrations make models again only where one looks at them."""

from types import SimpleNamespace

import pytest
from tortoise import fields
from tortoise.migrations import operations as ops
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.models import Model

from bot.clients.schema_steps import Models, _Executor


@pytest.fixture
def state() -> State:
    state = State(models={}, apps=Models())
    for name, more in (("Enterprise", {}), ("Fact", {"enterprise": _of_enterprise()})):
        pk = {"id": fields.UUIDField(primary_key=True)}
        ops.CreateModel(name=name, fields=list((pk | more).items())).state_forward("models", state)
    return state


def _of_enterprise() -> fields.ForeignKeyRelation[Model]:
    return fields.ForeignKeyField("models.Enterprise")


def columns(state: State, name: str) -> set[str]:
    return set(state.apps.get_model("models", name)._meta.fields_db_projection)


def test_a_copy_costs_nothing_until_a_step_looks_back(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelState, "render", lambda *_, **__: pytest.fail("made in vain"))

    state.clone()


def test_a_step_that_looks_back_sees_what_was_there_before_it(state: State) -> None:
    before = state.clone()
    ops.AddField("Fact", "kind", fields.TextField()).state_forward("models", state)

    assert columns(before, "Fact") == {"id", "enterprise_id"}
    assert columns(state, "Fact") == {"id", "enterprise_id", "kind"}
    assert before.apps.get_model("models.Fact")._meta.pk_attr == "id"


async def test_an_applied_step_whose_file_is_missing_is_not_passed_over() -> None:
    lost = MigrationKey("models", "0001_lost")
    executor = _Executor.__new__(_Executor)
    executor.loader = SimpleNamespace(graph=SimpleNamespace(nodes={lost: None}))
    executor._full_plan_cache = [lost]

    assert (await executor._project_state(set())).models == {}
    with pytest.raises(ValueError, match=r"Missing migration for models\.0001_lost"):
        await executor._project_state({lost})
