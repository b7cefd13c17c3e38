"""deploy/database.sql as an administrator runs it: the product works, and may do no more."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from bot.clients import schema
from bot.clients.database import connect
from bot.commands.audit_verify import verify
from bot.embedded.postgres import RECKLESS, STOP_WITH, EmbeddedPostgres
from bot.processes import stop
from tests.engines import reachable_folder
from tests.product import settings
from tests.service.test_commands import bot
from tests.unit.test_config import SAFE

CERTIFICATE = (
    "INSERT INTO certificate (id, enterprise_id, number, programme, programme_version, scheme,"
    " level, name, credit_code, valid_from, valid_to, random, basis_kind, recorded_at,"
    " state_since, token, key, signed_at) SELECT gen_random_uuid(), gen_random_uuid(), '7', 'p', 1,"
    " 's', '', 'n', 'c', now(), now(), '', 'test', now(), now(), $1::text, $2::smallint,"
    " CASE WHEN $2::smallint IS NOT NULL THEN now() END"
)
SCRIPT = Path(__file__).parents[2] / "deploy" / "database.sql"


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[str]:
    """A server of its own, as the script leaves it and a migration by the owner after it."""
    with reachable_folder() as folder:
        postgres = EmbeddedPostgres(folder / "postgres", RECKLESS)
        await asyncio.to_thread(postgres.prepare)
        pid = await asyncio.to_thread(postgres.start)
        try:
            administrator = await asyncpg.connect(postgres.url_of("postgres"))
            await administrator.execute("DROP DATABASE credit")
            lines = re.sub(r"--.*", "", SCRIPT.read_text())
            for statement in filter(str.strip, lines.split(";")):
                await administrator.execute(statement)
            await administrator.close()
            await schema.migrate(address(str(folder), "owner"))
            yield str(folder)
        finally:
            stop(pid, STOP_WITH, 20.0)


def address(folder: str, who: str) -> str:
    host = quote(f"{folder}/postgres/run", safe="")
    return f"postgres://credit_{who}:change-me-{who}@/credit?host={host}"


async def test_the_account_of_the_program_can_do_nothing_by_itself(server: str):
    login = await asyncpg.connect(address(server, "login"))

    for statement in (
        "SELECT 1 FROM app_user",
        "CREATE TABLE elsewhere (id int)",
        "SET ROLE credit_owner",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await login.execute(statement)

    await login.close()


async def test_in_its_role_it_works_and_changes_nothing_that_is_final(server: str):
    app = await connect(address(server, "login"), application="tests")
    await app.execute("INSERT INTO app_user (id, created_at) VALUES (gen_random_uuid(), now())")
    for statement in ("UPDATE audit_entry SET actor = ''", "TRUNCATE app_user", "DROP TABLE job"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)
    await app.execute("SET ROLE credit_member")
    await app.execute("SET ROLE credit_sequencer")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("UPDATE audit_leaf SET leaf = 0")

    await app.close()


async def test_the_account_of_the_pages_cannot_sign(server: str):
    """Only the role of the signer writes a signature, and this account cannot take it."""
    web = await connect(address(server, "web"), application="tests")
    for role in ("credit_signer", "credit_sequencer"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await web.execute(f"SET ROLE {role}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only credit_signer"):
        await web.execute(CERTIFICATE, "token", 1)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await web.execute(CERTIFICATE, None, None)  # unsigned, but of no enterprise

    await web.close()
    login = await connect(address(server, "login"), application="tests")
    await login.execute("SET ROLE credit_signer")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await login.execute(CERTIFICATE, "token", 1)
    await login.close()


async def test_the_auditor_reads_all_and_writes_nothing(server: str):
    auditor = await asyncpg.connect(address(server, "auditor"))

    verdict = await verify(auditor, {})
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await auditor.execute("INSERT INTO audit_pending VALUES (1)")

    await auditor.close()
    assert (verdict.entries, verdict.first) == (0, None)


@pytest.mark.parametrize("who", ["auditor", "login"])
async def test_the_log_is_checked_from_the_command_line(server: str, tmp_path: Path, who: str):
    env = settings(tmp_path, DATABASE_URL=address(server, who))

    said = await bot("audit", "verify", "--key", f"a1:{'ab' * 32}", env=env)

    assert (said.code, "审计记录完好：0 条" in said.text) == (0, True)


async def test_migrating_again_changes_nothing(server: str):
    await schema.migrate(address(server, "owner"))

    app = await connect(address(server, "login"), application="tests")
    rights = await app.fetchval(
        "SELECT string_agg(privilege_type, ',' ORDER BY privilege_type) "
        "FROM information_schema.role_table_grants "
        "WHERE grantee = 'credit_app' AND table_name = 'audit_entry'"
    )
    await app.close()
    assert rights == "INSERT,SELECT"


async def test_doctor_says_what_an_older_script_has_left_out(server: str, tmp_path: Path):
    postgres = EmbeddedPostgres(Path(server) / "postgres", RECKLESS)
    administrator = await asyncpg.connect(postgres.url)
    sound = [await _examined(server, who, tmp_path) for who in ("login", "web")]
    await administrator.execute("REVOKE credit_signer FROM credit_login")
    refused = await _examined(server, "login", tmp_path)
    await administrator.execute("ALTER ROLE credit_signer RENAME TO another")
    unknown = await _examined(server, "login", tmp_path)
    web_after = await _examined(server, "web", tmp_path)
    await administrator.execute("ALTER ROLE another RENAME TO credit_signer")
    await administrator.execute("GRANT credit_signer TO credit_login")
    await administrator.close()

    assert sound == ["✓ 数据库权限", "✓ 数据库权限"]
    assert refused.endswith("执行：GRANT credit_signer TO credit_login;")
    assert unknown.endswith(
        "执行：CREATE ROLE credit_signer NOLOGIN BYPASSRLS IN ROLE credit_app;"
        " GRANT credit_signer TO credit_login;"
    )
    assert web_after == "✓ 数据库权限"


async def _examined(server: str, who: str, folder: Path) -> str:
    """What `doctor` says of the rights of an account, in production."""
    env = settings(folder) | SAFE | {"CREDIT_DATABASE_URL": address(server, who)}
    said = await bot("doctor", env=env)
    [line] = [line for line in said.text.splitlines() if "数据库权限" in line]
    return line
