"""The record that all processes share about WeChat's tokens, one row each, in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clients.database import everything
from bot.clients.tokens import Held
from bot.domain import tokens
from bot.domain.tokens import Move, Record
from models import WeChatToken

WHY = "we ask WeChat for a member, in the name of our own account"


class SharedTokens:
    """Every decision is taken under the row's lock, in a transaction of microseconds."""

    async def claim(self, name: str, *, bad: str, now: datetime) -> tuple[Move, Held | None]:
        async with everything(WHY), in_transaction():
            row = await _locked(name)
            record = _record(row)
            move = tokens.next_move(record, bad=bad, now=now)
            if move is Move.ASK:
                await _write(row, tokens.asking(record, forced=False, now=now))
            return move, _held(record)

    async def claim_force(self, name: str, *, now: datetime) -> bool:
        async with everything(WHY), in_transaction():
            row = await _locked(name)
            record = _record(row)
            if not tokens.may_force(record, now=now):
                return False
            await _write(row, tokens.asking(record, forced=True, now=now))
            return True

    async def keep(self, name: str, held: Held) -> Held:
        async with everything(WHY), in_transaction():
            row = await _locked(name)
            record = tokens.answered(
                _record(row), value=held.value, asked_at=held.asked_at, expires_at=held.expires_at
            )
            await _write(row, record)
            return _held(record) or held

    async def give_up(self, name: str) -> None:
        async with everything(WHY):
            await WeChatToken.filter(name=name).update(claimed_until=None)


@dataclass(frozen=True, slots=True)
class TokenState:
    """What people may see of a token: everything but the token."""

    name: str
    asked_at: datetime | None
    expires_at: datetime | None
    asked_last_minute: int
    forced_last_day: int


async def states(*, now: datetime) -> list[TokenState]:
    found = []
    for row in await WeChatToken.all().order_by("name"):
        record = _record(row)
        found.append(
            TokenState(
                row.name,
                record.asked_at if record.value else None,
                record.expires_at if record.value else None,
                len([at for at in record.asks if at > now - tokens.MINUTE]),
                len(record.forced),
            )
        )
    return found


async def _locked(name: str) -> WeChatToken:
    await WeChatToken.bulk_create([WeChatToken(name=name)], ignore_conflicts=True)
    return await WeChatToken.filter(name=name).select_for_update().get()


async def _write(row: WeChatToken, record: Record) -> None:
    row.value = record.value
    row.asked_at = record.asked_at
    row.expires_at = record.expires_at
    row.claimed_until = record.claimed_until
    row.asks = [at.isoformat() for at in record.asks]
    row.forced = [at.isoformat() for at in record.forced]
    await row.save()


def _record(row: WeChatToken) -> Record:
    return Record(
        row.value,
        row.asked_at,
        row.expires_at,
        row.claimed_until,
        tuple(datetime.fromisoformat(at) for at in row.asks),
        tuple(datetime.fromisoformat(at) for at in row.forced),
    )


def _held(record: Record) -> Held | None:
    if not record.value or record.asked_at is None or record.expires_at is None:
        return None
    return Held(record.value, record.asked_at, record.expires_at)
