"""Whatever a stranger's client sends, the API answers as its own document says, and never crashes.

schemathesis reads /api/openapi.json and sends what fits it and what does not, signed in as the
legal representative of an enterprise that has something behind every address.
"""

import asyncio
import os
import re
import sys
import sysconfig
from pathlib import Path

import pytest

from bot.routes import ROUTES
from tests import matrix, packs
from tests.amounts import amount
from tests.conftest import NOW
from tests.doors import Doors, open_doors

pytestmark = pytest.mark.faults

SCHEMATHESIS = Path(sysconfig.get_path("scripts")) / "st"
EXAMPLES = str(amount(6, part=2))  # for each operation; the first is always the simplest
# After these nobody is signed in any more: they come last, in a run of their own.
PARTING = (
    "/api/session",
    "/api/sessions",
    "/api/lost-phone",
    "/api/account/closing",
    "/api/consents/{purpose}",
    "/api/enterprises/{enterprise}/leave",
)
KEYS = Path(__file__).with_name("api_keys.py")
# Where Hypothesis finds what it once worked out about a million characters.
KEEPS = {"HYPOTHESIS_STORAGE_DIRECTORY": str(Path(__file__).parents[2] / ".hypothesis")}
SETTINGS = """seed = 1
hooks = "{keys}"
max-failures = 20

[checks]
# 503: what a worker or a server behind us would have had to make first; it is in the document.
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]

[parameters]
{parameters}
"""


def operations() -> tuple[int, int]:
    """How many the document holds: those of a signed-in visit, and those that end it."""
    listed = [route.path for route in ROUTES if route.contract is not None]
    parting = sum(path in PARTING for path in listed)
    return len(listed) - parting, parting


async def fired(doors: Doors, folder: Path, *words: str) -> str:
    """What schemathesis says after one run as a freshly signed-in person."""
    enterprise = await matrix.found_enterprise()
    token = await matrix._as_mini(enterprise.legal)
    given = {**matrix.PLAIN, **enterprise.things}
    lines = [f'"path.{name}" = "{value}"' for name, value in given.items()]
    settings = folder / "schemathesis.toml"
    settings.write_text(SETTINGS.format(keys=KEYS, parameters="\n".join(lines)), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, SCHEMATHESIS, "--config-file", settings, "run",
        f"{doors.url}/api/openapi.json", "-H", f"Authorization: Bearer {token}",
        "--checks", "not_a_server_error,status_code_conformance,response_schema_conformance",
        "--phases", "coverage,fuzzing", "--max-examples", EXAMPLES, "--generation-database", "none",
        "--continue-on-failure", "--no-color", *words,
        cwd=folder, env=os.environ | KEEPS,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return said.decode()


@pytest.mark.parametrize("parting", [False, True])
async def test_no_answer_is_undocumented_and_none_is_a_crash(
    db: str, redis_url: str, tmp_path: Path, *, parting: bool
):
    words = [
        word
        for path in PARTING
        for word in ("--include-path" if parting else "--exclude-path", path)
    ]
    async with open_doors(redis_url, now=NOW, state_dir=tmp_path / "state") as doors:
        await packs.in_force(packs.PUBLIC)
        said = await fired(doors, tmp_path, *words)

    tested = re.search(r"Tested: (\d+)", said)
    assert tested is not None, said
    assert int(tested[1]) == operations()[parting], said
    assert "FAILURES" not in said, said
    assert "ERRORS" not in said, said
