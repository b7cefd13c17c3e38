"""What no certificate command takes: told in a sentence, and nothing is written."""

from pathlib import Path
from uuid import UUID

import pytest

from models import Certificate, SigningKey
from tests.product import settings
from tests.service.test_certificate_commands import issued
from tests.service.test_commands import bot

LONG, ODD = "长" * 201, "a\udcffb"
NAMES = ("--by", "王芳", "--second", "李强")
REVOKE = ("revoke", "2026CNEAAA00001", "--reason-class", "misuse")


@pytest.fixture(scope="module")
async def operated(
    kept_db: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Where one certificate was issued: all that is tried here leaves it as it is."""
    folder = tmp_path_factory.mktemp("operated")
    env = settings(folder, DATABASE_URL=kept_db, REDIS_URL=redis_url)
    await issued(env)
    return env


def keys_in(env: dict[str, str]) -> list[str]:
    return sorted(path.name for path in Path(env["CREDIT_STATE_DIR"]).rglob("*.pem"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("certificates", *REVOKE, *NAMES, "--reason", LONG), "原因最多 200 个字"),
        (("certificates", *REVOKE, *NAMES, "--reason", ODD), "不能保存的字符"),
        (("certificates", *REVOKE, "--by", "王" * 65, "--second", "李强", "--reason", "冒用"),
         "姓名最多 30 个字"),
        (("certificates", "review", "2026CNEAAA00001", "--by", "王芳", "--reason", " "),
         "请写明原因"),
        (("certificates", "rename", "2026CNEAAA00001", "--by", "王" * 65, "--reason", "换照"),
         "姓名最多 30 个字"),
        (("certificates", "show", "\udcff"), "没有这个编号"),
        (("certificates", "resign", "--vouched-by", "甲"), "两位不同的工作人员"),
        (("certificates", "reports", "close", "JB1", "--by", "王芳", "--outcome", LONG),
         "处理结果最多 200 个字"),
        (("keys", "make", "--by", "甲", "--reason", LONG), "原因最多 200 个字"),
        (("keys", "make", "--by", "甲", "--second", "乙", "--reason", "演练", "--from",
          "9999-12-31"), "一年以内"),
        (("keys", "make", "--by", "甲", "--second", "乙", "--reason", "演练", "--from",
          "2001-01-01"), "现在以后"),
        (("keys", "rotate", "--by", "甲", "--second", "乙" * 65, "--reason", "演练"),
         "姓名最多 30 个字"),
        (("keys", "compromise", "99999", "--from", "2026-01-01", "--by", "甲", "--second", "乙",
          "--reason", "被盗"), "没有这把密钥"),
        (("keys", "compromise", "1", "--from", "0001-01-01", "--by", "甲", "--second", "乙",
          "--reason", "被盗"), "2020 年"),
        (("plaques", "address", str(UUID(int=1)), "--by", "周" * 65), "姓名最多 30 个字"),
        (("commitments", "take-down", str(UUID(int=1)), *NAMES, "--reason", LONG),
         "原因最多 200 个字"),
    ],
)  # fmt: skip
async def test_what_cannot_be_kept_is_told_in_a_sentence_and_nothing_is_written(
    operated: dict[str, str], words: tuple[str, ...], sentence: str
):
    before = [await Certificate.all().values(), await SigningKey.all().values()]
    files = keys_in(operated)

    said = await bot(*words, env=operated)

    assert (said.code, sentence in said.text, "Traceback" in said.text) == (1, True, False)
    assert [await Certificate.all().values(), await SigningKey.all().values()] == before
    assert keys_in(operated) == files
