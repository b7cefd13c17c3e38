"""Which file has which command: read when it is called, for all of them take a second to read."""

from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

_AS_CALLED = (
    "demo", "doctor", "jobs", "certificate", "certificates", "keys", "audit", "checks",
    "commitments", "documents", "content", "bindings", "cases", "enterprises", "programmes",
    "plaques", "roster", "tickets", "wechat",
)  # fmt: skip
FILES = MappingProxyType(
    dict.fromkeys(("up", "web", "worker", "sandbox"), "processes")
    | {"migrate": "database"}
    | {name: name for name in _AS_CALLED}
    | {"rules": "rule_book"}
)


class Catalogue(TyperGroup):
    """A file either mounts commands of its own names or has an `app` of commands under its name."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # Typer's own
        return list(FILES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in FILES:
            return None
        file, whole = import_module(f"bot.commands.{FILES[cmd_name]}"), typer.Typer()
        if hasattr(file, "mount"):
            file.mount(whole)
        else:
            whole.add_typer(file.app, name=cmd_name)
        return get_group(whole).commands[cmd_name]
