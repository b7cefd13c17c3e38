"""A real process that keeps one paper and is killed after so many objects, or after the row."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from bot.clients.database import close_database, open_database
from bot.clients.storage import Objects
from bot.domain.actors import System
from bot.services import files
from tests import papers
from tests.conftest import NOW


@dataclass
class Deadly:
    """A store after whose n-th object the power is gone."""

    store: Objects
    left: int

    async def put(self, key: str, data: bytes) -> None:
        await self.store.put(key, data)
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(database_url: str, folder: str, enterprise: str, cut: int) -> None:
    database = await open_database(database_url, pool=2, application="keeping")
    async with papers.cabinet_in(Path(folder)) as cabinet:
        deadly = replace(cabinet, confidential=Deadly(cabinet.confidential, cut))
        with papers.spooled(papers.pdf(2), "报表.pdf") as upload:
            await files.keep(
                upload,
                kind="financial_statements",
                enterprise_id=UUID(enterprise),
                actor=System("test"),
                now=NOW,
                cabinet=deadly,
            )
        os.kill(os.getpid(), signal.SIGKILL)
    await close_database(database)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], int(sys.argv[4])))
