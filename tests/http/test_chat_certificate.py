"""证书 in the chat: the words at once, then the picture that the worker has made."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from tortoise.transactions import in_transaction

from bot.config import SANDBOX_APPID, Config
from bot.deps import open_press
from bot.domain.actors import Staff
from bot.domain.sessions import Door
from bot.handlers.wechat import certificates as chat_certificates
from bot.jobs import work_with
from bot.services import certificates, outbox, sessions
from bot.services.certificate_bases import Basis
from bot.services.sessions import Known
from models import Consent, Job, JobState, Paper
from tests import papers as handed_in
from tests import people
from tests.conftest import NOW
from tests.doors import WANG, Doors, open_doors

TWO = Basis("demonstration", by="王芳", second="李强", reason="演示")


class Chat:
    """The doors, and a worker with its real tasks; `work` does what waits."""

    def __init__(self, db: str, doors: Doors, tasks: dict) -> None:
        self.db, self.doors, self.tasks = db, doors, tasks

    async def say(self, words: str) -> str:
        done = await self.doors.control(f"people/{WANG}/text", {"content": words})
        self.doors.clock.now += timedelta(seconds=1)
        return done["reply"]["body"]["content"]

    async def work(self, *kinds: str) -> int:
        done = 0
        for kind in kinds:
            for job in await Job.filter(state=JobState.WAITING, kind=kind):
                await outbox.perform(job.id, tasks=self.tasks, now=self.doors.clock.now)
                done += 1
        return done

    async def pictures(self) -> list[dict]:
        rows = await self.doors.ledger("sends")
        return [row["body"]["image"] for row in rows if row["body"].get("msgtype") == "image"]


@pytest.fixture
async def chat(db, redis_url, tmp_path: Path) -> AsyncIterator[Chat]:
    async with (
        open_doors(redis_url, now=NOW) as doors,
        handed_in.cabinet_in(tmp_path / "files") as cabinet,
    ):
        settings = {"CREDIT_STATE_DIR": str(tmp_path), "CREDIT_PUBLIC_URL": doors.url}
        config = Config.read(settings)
        press = open_press(config, lambda: NOW)
        await doors.control(f"people/{WANG}/follow")
        doors.clock.now += timedelta(seconds=1)
        yield Chat(
            db, doors, {**work_with(doors.accounts, config, cabinet, press, doors.verifier).tasks}
        )
        press.close()


async def certified(name: str = "太原云岫精密机械有限公司") -> UUID:
    one = await people.enterprise(name)
    who = await sessions.sign_in(Known(SANDBOX_APPID, WANG), Door.H5, now=NOW)
    await people.agree(who.member.user_id)
    await people.bind(who.member.user_id, one)
    async with in_transaction():
        await certificates.issue(
            enterprise_id=one, programme="credit-evaluation", level="AAA", basis=TWO,
            actor=Staff("王芳"), now=NOW,
        )  # fmt: skip
    return one


async def test_from_issuing_to_the_picture_in_the_chat(chat):
    """Not signed: no picture. Signed: it is made because of the question, and then it comes; but
    not to who has taken back their agreement."""
    one = await certified()
    early = await chat.say("证书")
    sent_early = await chat.work(chat_certificates.SEND)
    signed = await chat.work("certificates.sign", "papers.order", "papers.make")
    await chat.doors.catch_up(chat.db)
    await chat.say("证书")
    asked = await chat.work(chat_certificates.SEND)
    nothing = await chat.pictures()
    made = await chat.work("papers.make")
    sent = await chat.work(chat_certificates.SEND)
    done = await chat.work(chat_certificates.SEND)
    await Consent.filter(purpose="privacy").update(revoked_at=NOW)
    revoked = await chat.say("证书")
    unsent = await chat.work(chat_certificates.SEND)

    assert f"/h5/e/{one}/certificates" in early  # the link, while there is no picture
    assert (sent_early, signed) == (1, 1)
    assert (asked, nothing, made, sent, done) == (1, [], 1, 1, 0)
    assert (revoked.endswith("/h5/me"), unsent) == (True, 1)
    assert await Paper.filter(enterprise_id=one).count() == 1
    [picture] = await chat.pictures()
    assert picture["media_id"]


async def test_with_several_enterprises_no_picture_is_guessed(chat):
    await certified()
    await certified("别家有限公司")
    await chat.work("certificates.sign", "papers.order", "papers.make")
    await chat.say("我的证书")
    await chat.work(chat_certificates.SEND)

    assert await chat.pictures() == []


async def test_who_is_bound_to_nothing_gets_no_picture(chat):
    told = await chat.say("证书")
    await chat.work(chat_certificates.SEND)

    assert "绑定" in told
    assert await chat.pictures() == []
