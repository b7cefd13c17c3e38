"""A real process that sends template messages one after another until it is told to stop."""

import asyncio
import json
import random
import signal
import sys
from datetime import UTC, datetime

from bot.clients.database import close_database, open_database
from bot.clients.wechat import Notice
from bot.clients.wechat_errors import WeChatError
from bot.config import Config
from bot.deps import open_accounts
from bot.sandbox.people import FIRST_PEOPLE

PACE_S = 0.1


async def main(name: str, database_url: str, sandbox_port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    config = Config(sandbox_port=sandbox_port)
    dice = random.Random(name)
    failures: list[str] = []
    sent = 0
    database = await open_database(database_url, pool=2, application=f"sender-{name}")
    async with open_accounts(config, lambda: datetime.now(UTC)) as accounts:
        while not stop.is_set():
            notice = Notice(FIRST_PEOPLE[0][0], "case_moved", {"thing1": f"第{sent}条"})
            try:
                await accounts.service.send_template(notice, client_msg_id=f"{name}-{sent}")
            except WeChatError as error:
                failures.append(str(error))
            sent += 1
            await asyncio.sleep(PACE_S * (0.5 + dice.random()))
    await close_database(database)
    sys.stdout.write(json.dumps({"sent": sent, "failures": failures}) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
