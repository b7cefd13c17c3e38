"""What every command is given: settings, addresses and the clock."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer

from bot.clients.signer import NoPrivateKeyError
from bot.config import Config
from bot.domain.errors import DomainError
from bot.embedded.postgres import EmbeddedPostgres
from bot.embedded.valkey import EmbeddedValkey
from bot.processes import run_async

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """Made once by bot/__main__.py, the only reader of the environment and the clock."""

    config: Config
    state_dir: Path
    clock: Callable[[], datetime]
    faults: Sequence[str] = ()
    """What is wrong with the settings; only `doctor` runs in spite of it."""

    @property
    def placed(self) -> Config:
        """The settings with the folder that was chosen where none was set."""
        return self.config.model_copy(update={"state_dir": self.state_dir})

    @property
    def postgres(self) -> EmbeddedPostgres | None:
        """The embedded server, unless an address was given."""
        if self.config.database_url:
            return None
        return EmbeddedPostgres(self.state_dir / "postgres")

    @property
    def valkey(self) -> EmbeddedValkey | None:
        if self.config.redis_url:
            return None
        return EmbeddedValkey(self.state_dir / "valkey")

    @property
    def database_url(self) -> str:
        if self.config.database_url:
            return self.config.database_url.get_secret_value()
        server = EmbeddedPostgres(self.state_dir / "postgres")
        if server.running_pid() is None:
            fail("内置数据库没有运行：请先在另一个窗口执行 ./run")
        return server.url

    @asynccontextmanager
    async def database(self) -> AsyncIterator[None]:
        """The tables, open for as long as a command works on them."""
        from bot.clients.database import close_database, open_database

        opened = await open_database(self.database_url, pool=2, application="credit-command")
        try:
            yield
        finally:
            await close_database(opened)

    @property
    def owner_url(self) -> str:
        """Under which the schema is changed; everything else uses the other one."""
        given = self.config.database_owner_url
        return given.get_secret_value() if given else self.database_url

    @property
    def redis_url(self) -> str:
        if self.config.redis_url:
            return self.config.redis_url.get_secret_value()
        return EmbeddedValkey(self.state_dir / "valkey").url


def current(ctx: typer.Context) -> Context:
    found = ctx.find_root().obj
    assert isinstance(found, Context)  # noqa: S101  # bot/__main__.py sets it before any command
    return found


def told(context: Context, work: Coroutine[Any, Any, T]) -> T:
    """Run it on the database; a refusal is one sentence, never a traceback."""

    async def run() -> T:
        async with context.database():
            return await work

    try:
        return run_async(run())
    except (DomainError, NoPrivateKeyError) as refusal:
        fail(str(refusal))


def plain(text: str) -> str:
    """What a stranger wrote, on one line and without a sign that would steer the terminal."""
    return "".join(
        one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in " ".join(text.split())
    )


def plain_lines(text: str) -> str:
    """The same, with its lines."""
    return "\n".join(plain(line) for line in text.splitlines())


def save(to: Path, data: bytes) -> None:
    """Write a file where somebody asked for it, or say that it cannot be there."""
    try:
        to.write_bytes(data)
    except OSError as error:
        fail(f"写不进 {to}：{error.strerror}")


def fail(message: str, code: int = 1) -> NoReturn:
    """Say in one sentence what is wrong, and stop."""
    typer.secho(f"✗ {message}", err=True, fg=typer.colors.RED)
    raise typer.Exit(code)
