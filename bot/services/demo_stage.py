"""What every scene of the demonstration needs: people who act, papers that are kept, a clock."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from tempfile import TemporaryFile
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.vault import Vault
from bot.domain.actors import Member
from bot.domain.consents import TEXTS, Purpose
from bot.domain.sessions import Door
from bot.domain.workdays import BEIJING
from bot.services import consents, files, roster_claims, sessions
from bot.services.cabinet import Cabinet
from bot.services.demo_cast import Cast, People, Phone, Phones, number_of
from bot.services.demo_names import Invented
from bot.services.demo_papers import Paper
from bot.services.demo_steps import Steps
from bot.services.files import Kept, Spooled
from bot.services.sessions import Known
from bot.services.signing_keys import Issuer

NOWHERE = "demo"  # the account under which people without a phone are known: nobody writes there


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everybody acts, each through the service that real people use."""

    played: Cast
    phones: Phones
    ids: dict[str, UUID]
    people: People
    steps: Steps
    vault: Vault
    cabinet: Cabinet
    issuer: Issuer
    now: datetime

    def of(self, one: Invented) -> UUID:
        return self.ids[one.credit_code]

    def ago(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    @staticmethod
    def day(at: datetime) -> date:
        return at.astimezone(BEIJING).date()

    @asynccontextmanager
    async def noted(self, step: str) -> AsyncIterator[None]:
        """One transaction, in which the step is noted as done."""
        async with in_transaction():
            yield
            await self.steps.done(step, 0, now=self.now)

    async def on(self, phone: Phone, at: datetime) -> Member:
        """The owner of a simulated phone."""
        return await self._known(Known(phone.appid, phone.openid), at)

    async def somebody(self, name: str, at: datetime) -> Member:
        """A person without a phone."""
        return await self._known(Known(NOWHERE, f"demo-{name}"), at)

    async def legal(self, one: Invented, at: datetime) -> Member:
        """The legal representative of an enterprise, bound by the roster unless they are so."""
        member = await self.somebody(f"legal-{one.number}", at)
        await roster_claims.by_phone(number_of(one), actor=member, vault=self.vault, now=at)
        return member

    @staticmethod
    async def agree(purpose: Purpose, *, actor: Member, at: datetime) -> None:
        """To today's text of what is asked where it happens."""
        await consents.give(purpose, TEXTS[purpose].version, actor=actor, now=at)

    async def _known(self, known: Known, at: datetime) -> Member:
        return (await sessions.sign_in(known, Door.H5, now=at)).member

    async def keep(
        self,
        one: Invented,
        kind: str,
        paper: Paper,
        *,
        actor: Member,
        at: datetime,
        confidential: bool = False,
    ) -> Kept:
        """Hand a file in, outside any transaction: the same one again is the one that is kept."""
        with spooled(paper) as upload:
            return await files.keep(
                upload, kind=kind, enterprise_id=self.of(one), actor=actor, now=at,
                cabinet=self.cabinet, confidential=confidential,
            )  # fmt: skip


@contextmanager
def spooled(paper: Paper) -> Iterator[Spooled]:
    """A paper on the disk, as an upload leaves it."""
    with TemporaryFile() as file:
        file.write(paper.data)
        file.flush()
        file.seek(0)
        yield Spooled(file, paper.name, len(paper.data))
