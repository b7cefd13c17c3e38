"""What is done to certificates by the clock: each line for itself, whatever the others do."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.clients.database import fetch
from bot.clients.signer import NoPrivateKeyError
from bot.config import Config
from bot.deps import open_accounts, open_issuer
from bot.domain.certificates import Action, Reason
from bot.jobs import work_with
from bot.services import status_lists
from models import Certificate
from tests.conftest import NOW
from tests.service.test_certificates import change, made, signed

LATER = NOW + timedelta(minutes=10)


async def test_states_are_listed_although_the_key_of_certificates_is_gone(db, tmp_path: Path):
    config = Config.read({"CREDIT_STATE_DIR": str(tmp_path)})
    issuer = open_issuer(config)
    row = await signed(issuer)
    await status_lists.renew(issuer=issuer, now=NOW)
    (tmp_path / "certificate-keys" / f"{row.key}.pem").unlink()
    await change(row.number, Action.REVOKE, Reason.MISUSE, now=LATER)
    await made()
    async with open_accounts(config, lambda: NOW) as accounts:
        lines = [
            line.run
            for line in work_with(accounts, config).schedule
            if line.name in {"certificates.list", "certificates.sign_left"}
        ]

    with pytest.raises(NoPrivateKeyError):
        for run in lines:
            await run(LATER)

    [kept] = await fetch("SELECT made_at FROM status_list")
    assert kept["made_at"] == LATER
    assert await Certificate.filter(token=None).count() == 1
