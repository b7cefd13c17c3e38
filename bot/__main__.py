"""The command line: the only reader of the environment and the clock."""

import os
from datetime import UTC, datetime
from pathlib import Path

import typer

from bot.commands import (
    audit,
    bindings,
    cases,
    certificate,
    certificates,
    checks,
    commitments,
    content,
    database,
    demo,
    doctor,
    documents,
    enterprises,
    jobs,
    keys,
    plaques,
    processes,
    programmes,
    roster,
    rules,
    schemes,
    statements,
    tickets,
    wechat,
)
from bot.commands.context import Context, fail
from bot.config import Config
from bot.embedded.home import default_state_dir
from bot.processes import BAD_SETTINGS

CHECKOUT = Path(__file__).resolve().parent.parent

app = typer.Typer(
    help="中小企业协会信用服务：公众号与小程序的后台。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
processes.mount(app)
database.mount(app)
demo.mount(app)
doctor.mount(app)
app.add_typer(jobs.app, name="jobs")
app.add_typer(certificate.app, name="certificate")
app.add_typer(certificates.app, name="certificates")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.add_typer(checks.app, name="checks")
app.add_typer(commitments.app, name="commitments")
app.add_typer(documents.app, name="documents")
app.add_typer(content.app, name="content")
app.add_typer(bindings.app, name="bindings")
app.add_typer(cases.app, name="cases")
app.add_typer(enterprises.app, name="enterprises")
app.add_typer(programmes.app, name="programmes")
app.add_typer(plaques.app, name="plaques")
app.add_typer(roster.app, name="roster")
app.add_typer(tickets.app, name="tickets")
rules.rules.add_typer(statements.statements, name="statements")
schemes.mount(rules.rules)
app.add_typer(rules.rules, name="rules")
app.add_typer(wechat.app, name="wechat")


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
    ctx.obj = Context(config=config, state_dir=state, environ=environ, clock=clock, faults=faults)


if __name__ == "__main__":
    app()
