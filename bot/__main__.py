"""The command line: the only reader of the environment and the clock."""

import os
from datetime import UTC, datetime
from pathlib import Path

import typer

from bot.commands.catalogue import Catalogue
from bot.commands.context import Context, fail
from bot.config import Config
from bot.embedded.home import default_state_dir

BAD_SETTINGS = 78  # sysexits.h EX_CONFIG: starting again would not help
CHECKOUT = Path(__file__).resolve().parent.parent

app = typer.Typer(
    cls=Catalogue,
    help="中小企业协会信用服务：公众号与小程序的后台。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the one place, see above


@app.callback()
def start(ctx: typer.Context) -> None:
    environ = dict(os.environ)  # noqa: TID251  # the one place, see above
    config, faults = Config.examine(environ)
    if faults and ctx.invoked_subcommand != "doctor":  # which goes on with what can be read
        fail("设置有误：\n  " + "\n  ".join(faults), code=BAD_SETTINGS)
    home = Path(environ.get("HOME", "/"))
    state = config.state_dir or default_state_dir(CHECKOUT, home, root=os.geteuid() == 0)
    ctx.obj = Context(config=config, state_dir=state, clock=clock, faults=faults)


if __name__ == "__main__":
    app()
