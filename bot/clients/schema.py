"""The database schema: applied under one lock, compared with the models, drafted from them.

What makes migrations is loaded when one is made: a web process only asks what is pending.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
from tortoise import Tortoise
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError

from bot.clients.database import connect_arguments, fetch, orm_config
from bot.clients.queue import install_queue
from bot.clients.roles import give_rights

if TYPE_CHECKING:
    from tortoise.migrations.writer import MigrationWriter

_ONE_AT_A_TIME = 725001  # advisory lock: two machines that migrate at once wait for each other
_MIGRATIONS = "models.migrations"


async def migrate(url: str) -> None:
    """Bring the schema up to date; harmless when it already is, and when two do it at once."""
    from bot.clients.schema_steps import apply

    lock = await asyncpg.connect(**connect_arguments(url))
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", _ONE_AT_A_TIME)
        config = _config(url)
        async with TortoiseContext():
            await Tortoise.init(config=config, init_connections=False)
            await apply(config["apps"])
            await Tortoise.close_connections()
        await install_queue(lock)
        await give_rights(lock)
    finally:
        await lock.close()


async def pending() -> list[str]:
    """Names of the migrations that the open database has not seen."""
    try:
        rows = await fetch("SELECT name FROM tortoise_migrations")
    except OperationalError:
        rows = []  # a database that has never been migrated
    return sorted(_steps() - {str(row["name"]) for row in rows})


def _steps() -> set[str]:
    spec = find_spec(_MIGRATIONS)
    folders = spec.submodule_search_locations if spec else None
    return {step.stem for folder in folders or () for step in Path(folder).glob("[0-9]*.py")}


async def drafts(url: str) -> "list[MigrationWriter]":
    """Migrations that the models ask for and no file holds: none in a clean checkout."""
    from tortoise.migrations.autodetector import MigrationAutodetector

    config = _config(url)
    async with TortoiseContext() as context:
        await Tortoise.init(config=config, init_connections=False)
        apps = context.apps
        if apps is None:
            raise RuntimeError("the models did not load")
        found = await MigrationAutodetector(apps, config["apps"]).changes()
        await Tortoise.close_connections()
        return list(found)


async def write_drafts(url: str, name: str) -> list[Path]:
    """Write the drafted migrations; each is read by a person before it is committed."""
    paths = []
    for writer in await drafts(url):
        number = writer.name.split("_", 1)[0]
        writer.name = f"{number}_{name}"
        paths.append(Path(writer.write()))
    return paths


def _config(url: str) -> dict[str, Any]:
    return orm_config(url, pool=2, application="credit-migrate", role=None)
