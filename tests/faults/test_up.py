"""`./run` as a newcomer starts, stops and kills it: no orphan, a clean database, nothing lost."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from bot.embedded.postgres import EmbeddedPostgres
from bot.handlers.wechat.words import WORDS
from tests.engines import reachable_folder
from tests.product import Running, running, settings
from tests.waiting import until

pytestmark = pytest.mark.faults

SERVERS = ("postgres", "valkey", "web", "worker", "sandbox")


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as path:
        yield path


async def says(product: Running, act: str, **given: str) -> str:
    """Let the first simulated person act; answer the words that the phone shows."""
    async with aiohttp.ClientSession(product.sandbox) as http:
        async with http.get("/_control/people") as answer:
            openid = (await answer.json())["people"][0]["openid"]
        async with http.post(f"/_control/people/{openid}/{act}", json=given) as answer:
            outcome = await answer.json()
    assert outcome["outcome"] == "delivered", outcome
    return str(outcome["reply"]["body"]["content"])


async def gone(family: list[psutil.Process]) -> None:
    async def nobody_left() -> bool:
        return not any(alive(member) for member in family)

    await until(nobody_left, "every process to end", limit_s=30)


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def cluster_state(folder: Path) -> str:
    """What PostgreSQL itself says about how its data folder was left."""
    server = EmbeddedPostgres(folder / "postgres")
    server.prepare()
    program = server._bin / "pg_controldata"
    said = subprocess.run(
        [program, folder / "postgres" / "data"],
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    line = next(line for line in said.splitlines() if line.startswith("Database cluster state"))
    return line.split(":")[1].strip()


async def test_ctrl_c_stops_every_process_and_leaves_a_clean_database(folder: Path):
    with running("up", folder, settings(folder)) as product:
        await product.ready()
        welcome = await says(product, "follow")
        hello = await says(product, "text", content="你好")
        family = product.children()

        product.process.send_signal(signal.SIGINT)
        code = product.process.wait(30)

        await gone(family)

    assert (welcome, hello) == (WORDS["welcome"], WORDS["greeting"])
    assert len(family) >= 6  # postgres, valkey, web with its children, worker, sandbox
    assert code == 0
    assert cluster_state(folder) == "shut down"


async def test_killing_the_parent_leaves_no_orphan_and_the_next_start_knows_everybody(
    folder: Path,
):
    environ = settings(folder)
    with running("up", folder, environ) as product:
        await product.ready()
        await says(product, "follow")
        family = product.children()
        os.kill(product.process.pid, signal.SIGKILL)
        product.process.wait()
        await gone(family)
    state = cluster_state(folder)

    with running("up", folder, environ) as product:
        await product.ready()
        hello = await says(product, "text", content="你好")

    assert state == "shut down"
    assert hello == WORDS["greeting"]


async def test_a_second_start_tells_the_addresses_and_changes_nothing(folder: Path):
    environ = settings(folder)
    with running("up", folder, environ) as first:
        await first.ready()
        with running("up", folder, environ) as second:
            code = second.process.wait(30)
            said = second.log.read_text()

        await first.ready()

    assert code == 0
    assert "已经在运行" in said
    assert f"http://127.0.0.1:{environ['CREDIT_SANDBOX_PORT']}/" in said


async def test_whatever_dies_is_started_again(folder: Path):
    with running("up", folder, settings(folder)) as product:
        await product.ready()
        await says(product, "follow")
        for name in SERVERS:
            victim = next(
                child for child in product.children() if is_the(name, child, product.process.pid)
            )
            victim.kill()
            await gone([victim])

        async def all_back() -> bool:
            return all(
                any(is_the(name, child, product.process.pid) for child in product.children())
                for name in SERVERS
            )

        await until(all_back, "everything to be back")
        await product.ready()
        hello = await answered(product)

    assert hello == WORDS["greeting"]


def is_the(name: str, process: psutil.Process, parent: int) -> bool:
    """Whether this is the supervisor's own child of that name."""
    try:
        line = process.cmdline()
        return process.ppid() == parent and (
            line[-1:] == [name]
            or (name == "postgres" and "-k" in line)
            or (name == "valkey" and "valkey-server" in "".join(line[:1]))
        )
    except psutil.NoSuchProcess:
        return False


async def answered(product: Running) -> str:
    """The answer to a hello as soon as the simulated WeChat is back as well."""
    got = ""

    async def spoke() -> bool:
        nonlocal got
        try:
            got = await says(product, "text", content="你好")
        except (aiohttp.ClientError, AssertionError):
            return False
        return True

    await until(spoke, "an answer after everything was killed")
    return got


async def test_a_taken_port_is_named_with_what_to_do(folder: Path):
    environ = settings(folder)
    with running("up", folder, environ) as first:
        await first.ready()
        other = settings(folder / "other", WEB_PORT=environ["CREDIT_WEB_PORT"])
        (folder / "other").mkdir()
        with running("up", folder / "other", other) as second:
            code = second.process.wait(30)
            said = second.log.read_text()

    assert code == 1
    assert f"端口 {environ['CREDIT_WEB_PORT']} 已被别的程序占用" in said
    assert "CREDIT_WEB_PORT=" in said
