"""What every command is given: settings, addresses and the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import typer

from bot.config import Config
from bot.embedded.postgres import EmbeddedPostgres
from bot.embedded.valkey import EmbeddedValkey


@dataclass(frozen=True, slots=True)
class Context:
    """Made once by bot/__main__.py, the only reader of the environment and the clock."""

    config: Config
    state_dir: Path
    environ: dict[str, str]
    clock: Callable[[], datetime]

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

    @property
    def redis_url(self) -> str:
        if self.config.redis_url:
            return self.config.redis_url.get_secret_value()
        return EmbeddedValkey(self.state_dir / "valkey").url


def current(ctx: typer.Context) -> Context:
    found = ctx.find_root().obj
    assert isinstance(found, Context)  # noqa: S101  # bot/__main__.py sets it before any command
    return found


def fail(message: str, code: int = 1) -> NoReturn:
    """Say in one sentence what is wrong, and stop."""
    typer.secho(f"✗ {message}", err=True, fg=typer.colors.RED)
    raise typer.Exit(code)
