"""`./run` as a newcomer starts, stops and kills it: no orphan, a clean database, nothing lost."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from bot.embedded.postgres import EmbeddedPostgres
from bot.handlers.wechat.words import WORDS
from tests.engines import plant, reachable_folder
from tests.product import START_S, Running, gone, running, settings
from tests.waiting import until
from tests.wechat_peer import welcome as hello_of

pytestmark = pytest.mark.faults

SERVERS = ("postgres", "valkey", "web", "worker", "sandbox")


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as path:
        plant(path)
        yield path


@pytest.fixture(scope="module")
async def up() -> AsyncIterator[Running]:
    """One product for the tests that leave it running."""
    with reachable_folder() as folder:
        plant(folder)
        with running("up", folder, settings(folder)) as product:
            await product.ready()
            yield product


async def says(product: Running, act: str, **given: str) -> str:
    """Let the first simulated person act; answer the words that the phone shows."""
    async with aiohttp.ClientSession(product.sandbox) as http:
        async with http.get("/_control/people") as answer:
            openid = (await answer.json())["people"][0]["openid"]
        async with http.post(f"/_control/people/{openid}/{act}", json=given) as answer:
            outcome = await answer.json()
    assert outcome["outcome"] == "delivered", f"{outcome['attempts']}\n{product.told()}"
    return str(outcome["reply"]["body"]["content"])


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


async def test_no_orphan_is_left_by_a_killed_parent_or_by_ctrl_c_and_nobody_is_forgotten(
    folder: Path,
):
    environ = settings(folder)
    with running("up", folder, environ) as product:
        await product.ready()
        welcome = await says(product, "follow")
        killed = product.children()
        ours = [await child_of(product, name) for name in ("web", "worker", "sandbox")]
        held = [{Path(file.path).name for file in one.open_files()} for one in ours]
        os.kill(product.process.pid, signal.SIGKILL)
        product.process.wait()
        await gone(killed)
    states = [cluster_state(folder)]

    with running("up", folder, environ) as product:
        await product.ready()
        hello = await says(product, "text", content="你好")
        interrupted = product.children()
        product.process.send_signal(signal.SIGINT)
        code = product.process.wait(30)
        await gone(interrupted)
    states.append(cluster_state(folder))

    assert (welcome, hello) == (hello_of(product.base), WORDS["greeting"])
    assert min(len(killed), len(interrupted)) >= 6  # postgres, valkey, web and its own, worker, …
    assert code == 0
    # A lock that outlived us would keep the next away.
    assert [one & {"run.log", "up.lock"} for one in held] == [{"run.log"}] * 3
    assert states == ["shut down", "shut down"]


async def test_the_phones_show_our_menu_and_not_the_first_one(up: Running):
    async def shown() -> bool:
        async with (
            aiohttp.ClientSession(up.sandbox) as http,
            http.get("/_control/ledger", params={"table": "store"}) as answer,
        ):
            kept = {row["name"]: row["value"] for row in (await answer.json())["store"]}
        return [top["name"] for top in kept["menu"]] == ["信用服务", "证书", "我的协会"]

    await until(shown, "the menu to be published", limit_s=START_S)


async def test_a_second_start_tells_the_addresses_and_changes_nothing(up: Running, folder: Path):
    with running("up", folder, up.environ) as second:
        code = second.process.wait(START_S)
        said = second.log.read_text()

    await up.ready()
    assert code == 0
    assert "已经在运行" in said
    assert f"{up.sandbox}/" in said


async def test_whatever_dies_is_started_again(up: Running):
    await says(up, "follow")
    for name in SERVERS:
        victim = await child_of(up, name)
        victim.kill()
        await gone([victim])
    for name in SERVERS:
        await child_of(up, name)
    await up.ready()
    assert await answered(up) == WORDS["greeting"]


async def child_of(product: Running, name: str) -> psutil.Process:
    """The supervisor's own child of that name; one that has died of another is awaited."""
    found: list[psutil.Process] = []

    async def there() -> bool:
        found[:] = [one for one in product.children() if is_the(name, one, product.process.pid)]
        return bool(found)

    await until(there, f"{name} to be there", limit_s=START_S)
    return found[0]


def is_the(name: str, process: psutil.Process, parent: int) -> bool:
    """Whether this is the supervisor's own child of that name."""
    try:
        line = process.cmdline()
        return process.ppid() == parent and (
            process.name() == f"credit-{name}"
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

    await until(spoke, "an answer after everything was killed", limit_s=START_S)
    return got


async def test_a_taken_port_is_named_with_what_to_do(up: Running, folder: Path):
    taken = up.environ["CREDIT_WEB_PORT"]
    with running("up", folder, settings(folder, WEB_PORT=taken)) as second:
        code = second.process.wait(START_S)
        said = second.log.read_text()

    assert code == 1
    assert f"端口 {taken} 已被别的程序占用" in said
    assert "CREDIT_WEB_PORT=" in said
