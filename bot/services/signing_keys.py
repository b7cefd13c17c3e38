"""Signing keys: made, listed, retired by the next one, and marked as stolen from an instant on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from tortoise.transactions import in_transaction

from bot import telemetry
from bot.clients.database import fetch
from bot.clients.signer import Sign, Signer
from bot.domain import remarks
from bot.domain.actors import Staff
from bot.domain.certificates import two_people
from bot.domain.errors import BadInput, DomainError, NotFound, Stale, Unavailable
from bot.domain.signing_keys import ALGORITHM, VERIFIED_FOR, Key, Keyring, Purpose
from bot.services import audit
from models import SigningKey
from models.ids import new_id

FIELDS = "number, purpose, public, is_test, used_from, retired_at, compromised_from, verify_until"
# Key.may_have_signed, asked of a row c of table certificate that has its signature.
BELIEVED = (
    "EXISTS (SELECT 1 FROM signing_key k WHERE k.number = c.key AND k.purpose = 'certificate'"
    " AND c.recorded_at < coalesce(LEAST(k.retired_at, k.compromised_from), 'infinity'))"
)
# May be shown on day $1: State.ACTIVE or DUE, asked of the same row.
USABLE = (
    "c.state = 'active' AND c.token IS NOT NULL AND c.valid_to >= $1"
    f" AND (c.review_due IS NULL OR c.review_due + c.grace_days > $1) AND {BELIEVED}"
)
_ONE_AT_A_TIME = 725011  # advisory lock: two machines that need a first key make one
AHEAD = timedelta(days=366)  # so long before its first use a key may be published
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)  # before that there was nothing to sign
LAST_NUMBER = 2**15 - 1
NO_SUCH_KEY = "没有这把密钥，请先执行 keys list 查看编号。"
log = structlog.get_logger()
OLD = telemetry.gauge("signing_keys_overdue", "该换而没有换的签发密钥：应当报警")


class NoKey(Unavailable):
    """Nothing can be signed until somebody makes a key."""

    code = "no_signing_key"
    message = "还没有可用的签发密钥，请先执行 keys make。"


class KeyOver(Stale):
    code = "signing_key_over"
    message = "签发密钥刚刚换过，请再执行一次。"


def _none(_text: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Issuer:
    """What signing needs: who holds the keys, under which address, and whether it is in earnest."""

    signer: Signer
    base: str
    """Scheme and host, as printed in every QR code; without a slash at its end."""
    production: bool
    lacking: Callable[[str], tuple[str, ...]] = _none
    """Which characters of a name no font can print; where there are no fonts nobody can tell."""
    of_status: Signer | None = None
    """Who holds the keys that sign no certificates, where that is another."""

    def holder(self, purpose: Purpose) -> Signer:
        return self.of_status if self.of_status and purpose is Purpose.STATUS else self.signer


@dataclass(frozen=True, slots=True)
class Listed:
    """A key with everything that was ever noted about it."""

    key: Key
    made_at: datetime
    made_by: str
    made_why: str
    retired_by: str
    retired_why: str
    compromised_noted_at: datetime | None
    compromised_by: str
    compromised_why: str


async def keyring(*, production: bool) -> Keyring:
    """Every key that this process may believe."""
    rows = await fetch(f"SELECT {FIELDS} FROM signing_key")  # noqa: S608  # our own names
    return Keyring.of((key_of(row) for row in rows), production=production)


def key_of(row: dict[str, object]) -> Key:
    return Key(**row | {"purpose": Purpose(str(row["purpose"]))})  # type: ignore[arg-type]


async def make(  # noqa: PLR0913  # a key is answered for
    purpose: Purpose,
    *,
    issuer: Issuer,
    by: str,
    why: str,
    now: datetime,
    from_: datetime | None,
    second: str = "",
) -> Key:
    """Make a key: first its private half, then the row by which everybody knows it.

    Nothing is retired; until `from_` the older one signs, and the new one is published already.
    The very first one is made by one person; what takes the place of another needs two.
    """
    who, why = remarks.name(by), remarks.reason(why)
    if (await keyring(production=issuer.production)).of_purpose(purpose):
        two_people(by, second)
        who = f"{who}、{remarks.name(second)}"
    if from_ is not None and not now <= from_ <= now + AHEAD:
        raise BadInput("起用时间要在现在以后、一年以内。", field="from")
    number, public = await _private(purpose, issuer)
    async with in_transaction():
        return await _record(number, public, purpose, issuer=issuer, by=who, why=why, now=now,
                             used_from=from_ or now)  # fmt: skip


async def _private(purpose: Purpose, issuer: Issuer) -> tuple[int, bytes]:
    """The private half of the next key, under a number that was never used."""
    rows = await fetch("SELECT coalesce(max(number), 0) AS last FROM signing_key")
    number = int(rows[0]["last"]) + 1
    while True:
        try:
            return number, issuer.holder(purpose).make(number)
        except FileExistsError:  # left over from a making that was cut off: never used again
            number += 1


async def _record(  # noqa: PLR0913  # the columns
    number: int,
    public: bytes,
    purpose: Purpose,
    *,
    issuer: Issuer,
    by: str,
    why: str,
    now: datetime,
    used_from: datetime,
) -> Key:
    row = SigningKey(
        id=new_id(now),
        number=number,
        purpose=purpose.value,
        algorithm=ALGORITHM,
        public=public,
        is_test=not issuer.production,
        made_at=now,
        made_by=by,
        made_why=why,
        used_from=used_from,
        verify_until=used_from + VERIFIED_FOR,
    )
    await row.save(force_create=True)
    await _noted("key.made", row.id, by, why, now)
    return _listed(row).key


async def rotate(purpose: Purpose, *, issuer: Issuer, by: str, second: str, why: str,
                 now: datetime) -> Key:  # fmt: skip
    """Make the next key and retire the others: what they signed stays good, they sign no more.

    Both in one transaction, and no signature of an old key is stored while it runs (`hold`). So
    what an old key signed was recorded before it was retired, whichever clock wrote it down.
    """
    two_people(by, second)
    why = remarks.reason(why)
    number, public = await _private(purpose, issuer)
    async with in_transaction():
        made_by = f"{remarks.name(by)}、{remarks.name(second)}"
        new = await _record(number, public, purpose, issuer=issuer, by=made_by, why=why, now=now,
                            used_from=now)  # fmt: skip
        for key in (await keyring(production=issuer.production)).of_purpose(purpose):
            if key.number == number or key.signing_ends is not None:
                continue
            row = await SigningKey.filter(number=key.number).select_for_update().get()
            if row.retired_at is None:
                row.retired_at = await _after_last(key.number, now)
                row.retired_by, row.retired_why = by.strip(), why
                await row.save(update_fields=["retired_at", "retired_by", "retired_why"])
                await _noted("key.retired", row.id, by, f"{why}（复核：{second}）", now)
    return new


async def _after_last(number: int, now: datetime) -> datetime:
    """Now, or the moment after the last certificate that it signed was recorded."""
    [row] = await fetch("SELECT max(recorded_at) AS last FROM certificate WHERE key = $1", number)
    return max(now, row["last"] + timedelta(microseconds=1)) if row["last"] else now


async def hold(key: Key) -> None:
    """Let nobody end this key before the caller's transaction is over; KeyOver if it has ended."""
    found = await fetch(
        "SELECT 1 FROM signing_key WHERE number = $1 AND retired_at IS NULL"
        " AND compromised_from IS NULL FOR SHARE",
        key.number,
    )
    if not found:
        raise KeyOver


async def warn_of_age(*, issuer: Issuer, now: datetime) -> None:
    """Say in the log, every day, which keys should be followed by others."""
    old = (await keyring(production=issuer.production)).overdue(now)
    OLD.set(len(old))
    for key in old:
        days = (now - key.used_from).days
        log.warning("signing_key_overdue", key=key.number, purpose=key.purpose.value, days=days)


async def compromise(number: int, *, from_: datetime, by: str, second: str, why: str,
                     now: datetime) -> None:  # fmt: skip
    """Mark a key as stolen from an instant on: certificates recorded before it stay good.

    A later word may only move the instant to an earlier one.
    """
    two_people(by, second)
    why = remarks.reason(why)
    if not EARLIEST <= from_ <= now:
        raise BadInput("失窃的时间不能晚于现在，也不会早于 2020 年，请核对。", field="from")
    if not 0 < number <= LAST_NUMBER:
        raise NotFound(NO_SUCH_KEY)
    async with in_transaction():
        row = await SigningKey.filter(number=number).select_for_update().first()
        if row is None:
            raise NotFound(NO_SUCH_KEY)
        if row.compromised_from is not None and row.compromised_from <= from_:
            raise DomainError(f"已经登记过：从 {row.compromised_from:%Y-%m-%d %H:%M} 起失窃。")
        row.compromised_from, row.compromised_noted_at = from_, now
        row.compromised_by, row.compromised_second = by.strip(), second.strip()
        row.compromised_why = why
        await row.save()
        await _noted("key.compromised", row.id, by, f"{why}（复核：{second}）", now)


async def listed() -> list[Listed]:
    """All keys, oldest first."""
    return [_listed(row) for row in await SigningKey.all().order_by("number")]


def _listed(row: SigningKey) -> Listed:
    key = Key(
        row.number,
        Purpose(row.purpose),
        bytes(row.public),
        row.is_test,
        row.used_from,
        row.retired_at,
        row.compromised_from,
        row.verify_until,
    )
    stolen = (row.compromised_noted_at, row.compromised_by, row.compromised_why)
    return Listed(
        key, row.made_at, row.made_by, row.made_why, row.retired_by, row.retired_why, *stolen
    )


async def open_newest(purpose: Purpose, *, issuer: Issuer, now: datetime) -> tuple[Key, Sign]:
    """The key that signs now, opened. Outside production the first one makes itself."""
    key = (await keyring(production=issuer.production)).newest(purpose, now)
    if key is None and not issuer.production:
        key = await _first(purpose, issuer=issuer, now=now)
    if key is None:
        raise NoKey
    return key, issuer.holder(purpose).opened(key.number, key.public)


async def _first(purpose: Purpose, *, issuer: Issuer, now: datetime) -> Key:
    """One test key, however many processes ask for it at once."""
    async with in_transaction():
        await fetch("SELECT pg_advisory_xact_lock($1)", _ONE_AT_A_TIME)
        known = (await keyring(production=False)).newest(purpose, now)
        if known is not None:
            return known
        why = "开发与演示用的测试密钥，生产环境不接受"
        number, public = await _private(purpose, issuer)
        return await _record(number, public, purpose, issuer=issuer, by="系统", why=why, now=now,
                             used_from=now)  # fmt: skip


async def _noted(action: str, key: UUID, by: str, why: str, now: datetime) -> None:
    await audit.note(
        action, kind="signing_key", id=key, actor=Staff(by.strip()), now=now, reason=why
    )
