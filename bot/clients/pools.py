"""Two pools behind one database: connections of the application, and narrower ones for members.

PostgreSQL chooses rows by role and by `credit.user`. A member's connection has its role from the
start and learns the number when it leaves the pool, only if the last one was another; so a member
pays a round trip now and then, and everybody else, the callbacks above all, pays nothing.
"""

from contextvars import ContextVar
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from bot.clients.roles import MEMBER

ACTING: ContextVar[str] = ContextVar("acting", default="")
"""The number of the member that this task acts for; "" for everybody else."""


class Narrow(asyncpg.Connection):  # type: ignore[misc]  # asyncpg tells no types
    """Knows for which member its session is; None while that is being changed."""

    __slots__ = ("user",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user: str | None = None

    async def act(self, user: str) -> None:
        self.user = None  # until it is known to have happened
        await self.execute("SELECT set_config('credit.user', $1, false)", user)
        self.user = user


async def _narrow(connection: Narrow) -> None:
    """Runs each time a connection leaves the members' pool."""
    user = ACTING.get()
    if connection.user != user:
        await connection.act(user)


class Pools:
    """What Tortoise takes for one pool."""

    def __init__(self, ours: asyncpg.Pool, members: asyncpg.Pool) -> None:
        self._ours, self._members = ours, members

    def acquire(self) -> Any:
        return (self._members if ACTING.get() else self._ours).acquire()

    async def release(self, connection: PoolConnectionProxy) -> None:
        await connection._holder._pool.release(connection)  # noqa: SLF001  # the one it is from

    async def expire_connections(self) -> None:
        await self._ours.expire_connections()
        await self._members.expire_connections()

    async def close(self) -> None:
        await self._ours.close()
        await self._members.close()

    def terminate(self) -> None:
        self._ours.terminate()
        self._members.terminate()


class Client(AsyncpgDBClient):
    """Tortoise's own client on two pools; on one where no role is taken."""

    async def create_pool(self, **kwargs: Any) -> Any:
        ours = await asyncpg.create_pool(None, **kwargs)
        settings = kwargs["server_settings"]
        if "role" not in settings:
            return ours
        narrow = kwargs | {
            "min_size": 0,
            "setup": _narrow,
            "connection_class": Narrow,
            "server_settings": settings | {"role": MEMBER},
        }
        return Pools(ours, await asyncpg.create_pool(None, **narrow))


client_class = Client  # how Tortoise finds it
