"""Pushes while processes are killed and WeChat's API hangs: each has exactly one effect, in time.

    python -m tests.bench pushes [PUSHES] [KILLS]

The product's own web processes and worker, on servers of its own. Of ten pushes six are words; the
rest are lookups in the tables, dialogues (two messages, the second a choice that the first
offered), popups of subscriptions in both accounts, and pictures, whose jobs ask a host that takes
every call and answers none. One in twenty is sent twice. Web processes and the worker are killed at
random; the sender repeats what was not answered with 200, as WeChat would, only with more patience.

At the end every message must be noted once and have had its effect once, every answer must be the
right one, none but 200 and 503 (come again) may have been given, and of all answers, those with 503
included, the slowest thousandth must have taken at most a second.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import asyncpg

from bot.config import (
    SANDBOX_APPID,
    SANDBOX_MINI_AES_KEY,
    SANDBOX_MINI_APPID,
    SANDBOX_MINI_TOKEN,
)
from bot.domain.dialogues import Choice, Step
from bot.domain.knowledge import fill
from bot.handlers.wechat.knowledge import shipped
from bot.handlers.wechat.words import WORDS
from tests.engines import TEMPLATE, Engines, create_database
from tests.product import Running, running, settings
from tests.waiting import until
from tests.wechat_peer import Peer, event_of, picture, text

PUSHES, KILLS, AT_ONCE, PEOPLE = 200_000, 40, 32, 2_000
REPEATED, MOST_ATTEMPTS, GOAL_S = 0.05, 400, 1.0
SHARES = {"lookup": 0.15, "dialogue": 0.10, "popup": 0.06, "mini": 0.06, "picture": 0.01}
UNCLEAR = "企业"  # asks nothing by itself: the nearest questions are offered
QUIET = {b"", b"success"}
service = Peer()
mini = Peer(token=SANDBOX_MINI_TOKEN, aes_key=SANDBOX_MINI_AES_KEY, appid=SANDBOX_MINI_APPID)


@dataclass
class Score:
    """What came back."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Kind of push and words, of what was answered with 200."""
    statuses: Counter[str] = field(default_factory=Counter)
    """Of every attempt; what was cut off or never taken has the error's name."""
    took: list[float] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    delivered: int = 0


def kind_of(number: int) -> str:
    """By its number alone, so that a repeated push is the same one."""
    dice = random.Random(number).random()
    for kind, share in SHARES.items():
        if dice < share:
            return kind
        dice -= share
    return "text"


def pushes_of(number: int, begun: datetime) -> list[tuple[str, str]]:
    """The kinds and bodies that are sent one after the other; mostly there is one."""
    kind, who = kind_of(number), f"oUser{number % PEOPLE:023d}"
    if kind == "dialogue":
        who = f"oTalk{number:023d}"  # nobody else's words may come between
        first = text(who, UNCLEAR, number=2 * number, at=begun)
        return [(kind, first), ("choice", text(who, "1", number=2 * number + 1, at=begun))]
    if kind == "picture":
        return [(kind, picture(who, number=2 * number, at=begun))]
    if kind in {"popup", "mini"}:
        item = (
            f"<List><TemplateId>T{number}</TemplateId>"
            "<SubscribeStatusString>accept</SubscribeStatusString></List>"
        )
        inner = f"<SubscribeMsgPopupEvent>{item}</SubscribeMsgPopupEvent>"
        return [(kind, event_of(who, "subscribe_msg_popup_event", inner, at=begun))]
    words = f"查询 没有的公司{number}" if kind == "lookup" else "你好"
    return [(kind, text(who, words, number=2 * number, at=begun))]


async def deliver(
    http: aiohttp.ClientSession, base: str, kind: str, xml: str, score: Score
) -> None:
    peer, account = (mini, "mini") if kind == "mini" else (service, "oa")
    for _ in range(MOST_ATTEMPTS):
        push = peer.push(xml, at=datetime.now(UTC))
        start = time.perf_counter()
        url = f"{base}/hooks/wechat/{account}"
        try:
            async with http.post(url, params=push.query, data=push.body) as answer:
                body = await answer.read()
        except aiohttp.ClientError as error:
            score.statuses[type(error).__name__] += 1
        else:
            score.took.append(time.perf_counter() - start)
            score.statuses[str(answer.status)] += 1
            if answer.status == 200:
                quiet = body in QUIET
                said = "" if quiet else peer.open(body, nonce=push.query["nonce"])
                score.answers[kind, said] += 1
                return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not answered after {MOST_ATTEMPTS} attempts")


async def send(base: str, numbers: list[int], begun: datetime, score: Score) -> None:
    waiting: Iterator[int] = iter(numbers)

    async def sender(http: aiohttp.ClientSession) -> None:
        for number in waiting:
            for kind, xml in pushes_of(number, begun):
                await deliver(http, base, kind, xml, score)
            score.delivered += 1

    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as http, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(sender(http))


async def kill(web: Running, folder: Path, environ: dict[str, str], total: int, kills: int,
               score: Score) -> None:  # fmt: skip
    """At even marks of the way: mostly a web process, now and then the worker, which comes back."""
    dice = random.Random(11)
    with ExitStack() as stack:
        worker = stack.enter_context(running("worker", folder, environ))
        for mark in range(1, kills + 1):
            wanted = total * mark // (kills + 1)

            async def passed(wanted: int = wanted) -> bool:
                return score.delivered >= wanted

            await until(passed, f"{wanted} answers", limit_s=900)
            if dice.random() < 0.25:
                os.kill(worker.process.pid, signal.SIGKILL)
                score.killed["worker"] += 1
                worker = stack.enter_context(running("worker", folder, environ))
            else:
                with suppress(ProcessLookupError, IndexError):
                    os.kill(dice.choice(web.children()).pid, signal.SIGKILL)
                    score.killed["web"] += 1
        connection = await asyncpg.connect(environ["CREDIT_DATABASE_URL"])

        async def drained() -> bool:
            open_jobs = "SELECT count(*) FROM job WHERE state = 'waiting' AND kind = 'grants.take'"
            return await connection.fetchval(open_jobs) == 0

        async def sent() -> bool:
            return score.delivered >= total

        await until(sent, "all answers", limit_s=900)
        await until(drained, "the ledger of grants to be written", limit_s=600)
        await connection.close()


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """WeChat's host on a bad day: takes every call, answers none."""
    with suppress(ConnectionError):
        while await reader.read(65536):
            pass
    writer.close()


async def run(database: str, redis: str, folder: Path, pushes: int, kills: int) -> bool:
    given = settings(folder, DATABASE_URL=database, REDIS_URL=redis, LOG_LEVEL="error")
    host = await asyncio.start_server(hang, "127.0.0.1", int(given["CREDIT_SANDBOX_PORT"]))
    dice, score = random.Random(7), Score()
    numbers = list(range(pushes)) + dice.sample(range(pushes), int(pushes * REPEATED))
    dice.shuffle(numbers)
    begun, start = datetime.now(UTC), time.perf_counter()
    with running("web", folder, given) as web:
        await web.ready()
        async with asyncio.TaskGroup() as group:
            group.create_task(kill(web, folder, given, len(numbers), kills, score))
            group.create_task(send(web.base, numbers, begun, score))
    host.close()
    print(f"{len(numbers)} deliveries of {pushes} pushes in {time.perf_counter() - start:.0f} s, "
          f"killed {dict(score.killed)}")  # fmt: skip
    return await judge(database, numbers, score, web.base)


def right_answers(numbers: list[int], later: int, base: str) -> Counter[tuple[str, str]]:
    """What each delivery must have been answered; so many lookups were told to wait for a job."""
    sent = Counter(kind_of(number) for number in numbers)
    book = shipped.press().print(shipped.texts())
    near = [book.entries[name] for name in book.ask(UNCLEAR).near]
    choices = tuple(Choice(entry.id, entry.question) for entry in near)
    offered = Step("which", WORDS["nearest"], choices, WORDS["nearest_else"]).text
    return +Counter(
        {
            ("text", WORDS["greeting"]): sent["text"],
            ("lookup", WORDS["found_nothing"]): sent["lookup"] - later,
            ("lookup", WORDS["search_later"]): later,
            ("dialogue", offered): sent["dialogue"],
            ("choice", fill(near[0].answer, {"site": base})): sent["dialogue"],
            ("popup", ""): sent["popup"],
            ("mini", ""): sent["mini"],
            ("picture", WORDS["picture_looking"]): sent["picture"],
        }
    )


async def effects(database: str) -> dict[str, object]:
    """What stands in the tables at the end."""
    connection = await asyncpg.connect(database)
    try:
        noted = await connection.fetchrow(
            "SELECT count(*) AS n, count(DISTINCT (appid, dedupe_key)) AS keys,"
            " count(*) FILTER (WHERE reply = $1) AS later FROM inbound_message",
            WORDS["search_later"],
        )
        grants = dict(
            await connection.fetch("SELECT appid, count(*) FROM grant_entry GROUP BY appid")
        )
        return {
            "noted": (noted["n"], noted["keys"]),
            "later": noted["later"],
            "grants": grants,
            "searches": await connection.fetchval(
                "SELECT coalesce(sum(used), 0) FROM ration WHERE kind = 'search'"
            ),
            "dialogues": await connection.fetchval("SELECT count(*) FROM dialogue"),
            "jobs": dict(await connection.fetch("SELECT kind, count(*) FROM job GROUP BY kind")),
        }
    finally:
        await connection.close()


async def judge(database: str, numbers: list[int], score: Score, base: str) -> bool:
    kinds, found = Counter(kind_of(number) for number in set(numbers)), await effects(database)
    messages = kinds.total() + kinds["dialogue"]
    jobs, grants = found["jobs"], found["grants"]
    told_later = score.answers["lookup", WORDS["search_later"]]
    score.took.sort()
    p50, p999 = (score.took[int(len(score.took) * share)] for share in (0.5, 0.999))
    print(f"pushes {dict(kinds)}; attempts {dict(score.statuses)}")
    checks = {
        f"every one of {messages} messages is noted once": found["noted"] == (messages,) * 2,
        "every popup is in the ledger once, in both accounts":
            (grants.get(SANDBOX_APPID, 0), grants.get(SANDBOX_MINI_APPID, 0))
            == (kinds["popup"], kinds["mini"]),
        "every lookup is counted once": found["searches"] == kinds["lookup"],
        "every dialogue is over": found["dialogues"] == 0,
        "every picture has one job": jobs.get("chat.picture", 0) == kinds["picture"],
        "what was promised for later has one job": jobs.get("chat.later", 0) == found["later"],
        "every answer is the right one":
            score.answers == right_answers(numbers, told_later, base),
        "no answer but 200 and 503": {s for s in score.statuses if s.isdigit()} <= {"200", "503"},
        f"answers: p50 {p50 * 1000:.1f} ms, p99.9 {p999 * 1000:.0f} ms, slowest "
        f"{score.took[-1] * 1000:.0f} ms; at most {GOAL_S:.0f} s": p999 <= GOAL_S,
    }  # fmt: skip
    for told, good in checks.items():
        print("✓" if good else "✗", told)
    if not checks["every answer is the right one"]:
        wrong = score.answers - right_answers(numbers, told_later, base)
        print(*(f"  {kind} {n} ×: {said[:60]!r}" for (kind, said), n in wrong.items()), sep="\n")
    return all(checks.values())


def main(arguments: list[str]) -> int:
    pushes = int(arguments[0]) if arguments else PUSHES
    kills = int(arguments[1]) if len(arguments) > 1 else KILLS
    engines = Engines({})
    try:
        engines.announce()
        url = asyncio.run(create_database(engines.postgres.url, "bench_pushes", template=TEMPLATE))
        with tempfile.TemporaryDirectory() as folder:
            redis = f"{engines.valkey.url}"
            good = asyncio.run(run(url, redis, Path(folder), pushes, kills))
    finally:
        engines.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
