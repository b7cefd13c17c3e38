"""`content` as staff use them, on a real database."""

import os
from pathlib import Path

import pytest

from bot.services import content
from tests.conftest import NOW
from tests.service.test_commands import bot

pytestmark = pytest.mark.usefixtures("no_texts")


@pytest.fixture
def command(db: str, tmp_path: Path):
    """Run the command line as staff do; answer its exit code and what it said."""
    environ = {**os.environ, "CREDIT_DATABASE_URL": db, "CREDIT_STATE_DIR": str(tmp_path)}

    async def run(*arguments: str) -> tuple[int, str]:
        said = await bot(*arguments, env=environ)
        return said.code, said.text

    return run


async def test_texts_go_out_are_edited_and_come_in_as_new_versions(command, tmp_path):
    folder = tmp_path / "texts"
    code, _ = await command("content", "export", str(folder))
    welcome = folder / "message" / "welcome.txt"
    welcome.write_text("欢迎您！")

    code, said = await command("content", "import", str(folder), "--by", "王芳", "--note", "短些")

    assert (code, said) == (0, "message/welcome 第 2 版\n已更新 1 项\n")
    versions = await content.history("message/welcome")
    assert [(v.number, v.author, v.note) for v in versions] == [
        (2, "王芳", "短些"), (1, content.FILES, ""),
    ]  # fmt: skip
    code, said = await command("content", "history", "message/welcome")
    assert said.splitlines()[0].endswith("王芳  短些")


async def test_the_menu_is_edited_like_a_text_and_checked(command, tmp_path):
    folder = tmp_path / "texts"
    await command("content", "export", str(folder))
    file = folder / "menu" / "oa.toml"
    good = file.read_text()
    file.write_text(good.replace('click = "assess"', 'click = "asess"'))
    refused = await command("content", "import", str(folder), "--by", "王芳")
    file.write_text(good.replace('name = "自评"', 'name = "信用自评"'))
    code, said = await command("content", "import", str(folder), "--by", "王芳")

    assert refused[0] == 1
    assert "“自评”：没有 asess 这个回复" in refused[1]
    assert (code, said) == (0, "menu/oa 第 2 版\n已更新 1 项\n")


async def test_one_bad_file_keeps_all_of_them_out(command, tmp_path):
    folder = tmp_path / "texts"
    await command("content", "export", str(folder))
    before = await content.count()
    (folder / "message" / "welcome.txt").write_text("欢迎您！")
    phone = folder / "knowledge" / "phone.toml"
    phone.write_text(phone.read_text().replace("answer", "anwser"))

    code, said = await command("content", "import", str(folder), "--by", "王芳")

    assert code == 1
    assert "phone：多了或少了" in said
    assert await content.count() == before


async def test_what_a_colleague_changed_meanwhile_is_not_overwritten(command, tmp_path):
    folder = tmp_path / "texts"
    await command("content", "export", str(folder))
    for name in ("welcome", "help"):
        await content.publish(f"message/{name}", "同事改的", base=1, author="李强", now=NOW)
    (folder / "message" / "welcome.txt").write_text("欢迎您！")

    code, said = await command("content", "import", str(folder), "--by", "王芳")

    assert code == 1
    assert "message/welcome 已有第 2 版" in said
    newest = await content.newest()
    assert {newest[f"message/{name}"].body for name in ("welcome", "help")} == {"同事改的"}


async def test_a_folder_that_was_not_exported_is_refused(command, tmp_path):
    code, said = await command("content", "import", str(tmp_path), "--by", "王芳")

    assert code == 1
    assert "请先导出" in said
