"""`rules`: what is in files, in statements and in the database, under one name."""

from bot.commands import schemes, statements
from bot.commands.rules import rules as app

app.add_typer(statements.statements, name="statements")
schemes.mount(app)
