"""The files of the register: what is written there, and who believes whom."""

import zlib
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from bot.clients import register_file
from bot.config import Config
from bot.deps import open_verifier
from bot.domain.signing_keys import Purpose
from bot.domain.verification import Outcome
from bot.services import signing_keys
from bot.services.register_folder import KEPT, RECENT
from bot.services.register_proofs import GOOD, UNASKED, UNSIGNED
from bot.services.register_word import FOREIGN, PROOFS
from bot.services.signing_keys import Issuer
from tests.conftest import NOW
from tests.service.proving import asks_nobody, followed, until_proved
from tests.service.test_register import outcome
from tests.service.test_register_trust import tampered, until_it_is
from tests.waiting import until


def forged(folder, issuer, number: int, public: bytes, **more: object) -> None:
    """Whoever holds a key of this machine says that everything of the newest table is signed."""
    head = register_file.load(folder / register_file.NAME, lambda _: public).head
    said = register_file.read_signed(folder / PROOFS, PROOFS, lambda _: public)
    good = b64encode(zlib.compress(bytes((GOOD,)) * head["count"])).decode()
    content = said | {"good": good} | more
    sign = issuer.holder(Purpose.STATUS).opened(number, public)
    register_file.put(folder / PROOFS, register_file.signed(PROOFS, content, sign))


async def status_key(issuer: Issuer) -> tuple[Issuer, int, bytes]:
    [key] = (await signing_keys.keyring(production=False)).of_purpose(Purpose.STATUS)
    return issuer, key.number, key.public


async def test_the_keeper_believes_no_file_about_signatures(rows, db, emptier, issuer, opened):
    """A web process could have written it: the keeper asks, and puts right what stands there."""
    await tampered(emptier, "UPDATE certificate SET level = 'A' WHERE number = $1", rows[0].number)
    first = opened()
    async with followed(first, db):
        await until_proved(first, 8, good=7)
    first.close()
    forged(first._folder.place, *await status_key(issuer))
    keeper, alarms = opened(), UNSIGNED._value.get()

    keeper.restore()
    restored = bytes(keeper._table.proofs)
    async with followed(keeper, db):
        await until_proved(keeper, 8, good=7)
    other = asks_nobody(opened(keeps=False))
    other.restore()

    assert restored == bytes((UNASKED,)) * 8
    assert UNSIGNED._value.get() - alarms == 1
    assert other.find(rows[0].number) is None
    assert outcome(other, rows[1]) is Outcome.VALID


async def test_who_speaks_for_the_keeper_is_contradicted_and_told(
    rows, db, connection, emptier, issuer, opened
):
    await tampered(emptier, "UPDATE certificate SET level = 'A' WHERE number = $1", rows[0].number)
    keeper, web = opened(), opened(keeps=False)
    folder, alarms = keeper._folder.place, FOREIGN._value.get()
    async with followed(keeper, db):
        await until_proved(keeper, 8, good=7)
        word = (folder / PROOFS).read_bytes()
        forged(folder, *await status_key(issuer))
        forgery = (folder / PROOFS).read_bytes()
        await web.refresh(connection, now=NOW)

        async def is_put_right() -> bool:
            return (folder / PROOFS).read_bytes() == word

        await until(is_put_right, "the keeper's word to stand again", limit_s=20)
    web.restore()
    await web.refresh(connection, now=NOW)

    assert forgery != word
    assert FOREIGN._value.get() - alarms == 1
    assert web.find(rows[0].number) is None


async def test_what_was_seen_to_be_forged_no_word_makes_good(rows, db, emptier, issuer, opened):
    await tampered(emptier, "UPDATE certificate SET level = 'A' WHERE number = $1", rows[0].number)
    keeper, web = opened(), opened(keeps=False)
    async with followed(keeper, db):
        await until_proved(keeper, 8, good=7)
    web.restore()
    before = web.find(rows[0].number)
    forged(keeper._folder.place, *await status_key(issuer))

    web._proving.take(web._table)

    assert (before, web.find(rows[0].number)) == (None, None)
    assert outcome(web, rows[1]) is Outcome.VALID


async def test_what_a_stolen_key_signed_is_not_believed(rows, opened, connection, proved, issuer):
    _, number, _ = await status_key(issuer)
    web = opened(keeps=False)
    web.restore()
    keys = [
        replace(key, compromised_from=NOW) if key.number == number else key for key in web._all_keys
    ]
    other = asks_nobody(opened(keeps=False))
    other._know(keys)

    assert other._folder.load_newer(None, web._marks.history) is None
    assert other._proving._word.newer(web._table, web._prover.fingerprint) is None
    assert web._proving._word.newer(web._table, web._prover.fingerprint) is None  # not newer

    key = next(key for key in keys if key.number == number)
    sign = issuer.holder(Purpose.STATUS).opened(number, key.public)
    kept = web._folder.read()
    for table in (kept.table, None):
        web._folder.write_down(replace(kept, keys=keys, table=table), (key, sign))
        fresh = opened(keeps=False)
        fresh.restore()
        assert fresh.as_of is None


async def test_a_signed_file_is_only_what_it_says(proved, issuer):
    _, _, public = await status_key(issuer)

    with pytest.raises(register_file.BadFileError, match="kind"):
        register_file.read_signed(proved / PROOFS, RECENT, lambda _: public)
    assert "records" in register_file.read_signed(proved / RECENT, RECENT, lambda _: public)


async def test_a_word_that_was_removed_is_said_again(rows, db, opened, monkeypatch):
    keeper = opened()
    path, alarms = keeper._folder.place / PROOFS, FOREIGN._value.get()

    async def is_there() -> bool:
        return path.exists()

    async with followed(keeper, db):
        await until_proved(keeper, 8)
        word = path.read_bytes()
        path.unlink()
        await until(is_there, "the word to be there again", limit_s=20)

    assert (path.read_bytes(), FOREIGN._value.get()) == (word, alarms)


async def test_a_word_that_the_disk_did_not_take_is_said_again(rows, db, opened, monkeypatch):
    keeper, full, put = opened(), [1], register_file.put
    path = keeper._folder.place / PROOFS

    def full_at_first(where, data) -> None:
        if where == path and full:
            full.pop()
            raise OSError(28, "No space left on device")
        put(where, data)

    monkeypatch.setattr(register_file, "put", full_at_first)

    async def is_there() -> bool:
        return path.exists()

    async with followed(keeper, db):
        await until_proved(keeper, 8)
        await until(is_there, "the word to be there after all", limit_s=20)

    assert full == []


def test_two_signed_files_can_be_written_at_once(tmp_path, monkeypatch):
    """One keeper writes them in threads, and none takes the other's unfinished file."""
    names, write = set(), Path.write_bytes

    def noted(self, data):
        names.add(self.name)
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", noted)
    for name in (RECENT, PROOFS):
        register_file.put(tmp_path / name, b"x")

    assert len(names) == 2


async def test_what_a_killed_keeper_left_behind_goes(opened, proved):
    for name in (f"{PROOFS}.77", f"{RECENT}.77", "register.x"):
        (proved / name).touch()

    opened()._folder.is_keeper()

    assert {path.name for path in proved.iterdir()} == {
        PROOFS, RECENT, register_file.NAME, "certificates.lock",
    }  # fmt: skip


@pytest.mark.parametrize("what", ["another kind", "no keys", "garbage", "a list"])
async def test_a_signed_file_that_holds_something_else_stops_nobody(
    rows, db, opened, proved, issuer, what
):
    issuer, number, public = await status_key(issuer)
    sign = issuer.holder(Purpose.STATUS).opened(number, public)
    signed_by = {"key": number, "public": public.hex()}
    if what == "another kind":
        recent, proofs = (proved / RECENT).read_bytes(), (proved / PROOFS).read_bytes()
        (proved / RECENT).write_bytes(proofs)
        (proved / PROOFS).write_bytes(recent)
    else:
        web = opened(keeps=False)
        web.restore()
        more = {
            "no keys": {},
            "garbage": {"good": "eA==", "table": 7, "keys": ["x"]},
            "a list": {"good": [1], "records": 7, "keys": {}},
        }[what]
        head = {"table": web._table.head["sha256"], "fingerprint": web._prover.fingerprint}
        for name in (RECENT, PROOFS):
            content = signed_by | head | more
            register_file.put(proved / name, register_file.signed(name, content, sign))

    web = opened(keeps=False)
    web.restore()
    async with followed(web, db):
        await until_it_is(web, rows[0], Outcome.VALID)

    assert {outcome(web, row) for row in rows} == {Outcome.VALID}


async def test_a_follower_goes_on_after_what_nobody_foresaw(db, rows, opened, monkeypatch):
    found, left = opened(), [1]
    take = found._take

    def fails_once(*given) -> None:
        if left:
            left.pop()
            raise RuntimeError("nobody foresaw this")
        take(*given)

    monkeypatch.setattr(found, "_take", fails_once)
    async with followed(found, db):
        await until_it_is(found, rows[0], Outcome.VALID)

    assert left == []


@pytest.mark.parametrize("keeps", [True, False])
async def test_who_keeps_the_files_begins_with_none_of_them(
    rows, connection, opened, tmp_path, keeps
):
    """A web process could have written them: what the keeper says comes from the database."""
    first = opened(tmp_path)
    await first.catch_up(connection, now=NOW)
    first.close()
    config = Config.read({"CREDIT_STATE_DIR": str(tmp_path)})

    async with open_verifier(config, lambda: NOW, "", keeps=keeps) as verifier:
        begins = verifier.register.as_of

    assert begins == (None if keeps else NOW)


async def test_who_waits_to_keep_the_files_takes_no_table_from_them(rows, connection, opened):
    keeper, next_one = opened(), opened()
    await keeper.catch_up(connection, now=NOW)
    told = [KEPT._value.get()]

    await next_one.refresh(connection, now=NOW)
    next_one._folder.is_keeper()
    told.append(KEPT._value.get())
    keeper.close()
    next_one._folder.is_keeper()

    assert next_one._table is None
    assert [*told, KEPT._value.get()] == [1, 0, 1]
