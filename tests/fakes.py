"""Stand-ins with the same interface as the real thing."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.clients.tokens import Held
from bot.domain.tokens import Move, Record, answered, asking, may_force, next_move


@dataclass
class SharedInMemory:
    """What all processes know about tokens, for tests without a database: same rules."""

    records: dict[str, Record] = field(default_factory=dict)

    async def claim(self, name: str, *, bad: str, now: datetime) -> tuple[Move, Held | None]:
        record = self._of(name)
        move = next_move(record, bad=bad, now=now)
        if move is Move.ASK:
            self.records[name] = asking(record, forced=False, now=now)
        return move, self._held(name)

    async def claim_force(self, name: str, *, now: datetime) -> bool:
        record = self._of(name)
        if not may_force(record, now=now):
            return False
        self.records[name] = asking(record, forced=True, now=now)
        return True

    async def keep(self, name: str, held: Held) -> Held:
        self.records[name] = answered(
            self._of(name), value=held.value, asked_at=held.asked_at, expires_at=held.expires_at
        )
        return self._held(name) or held

    async def give_up(self, name: str) -> None:
        record = self._of(name)
        self.records[name] = Record(
            record.value,
            record.asked_at,
            record.expires_at,
            asks=record.asks,
            forced=record.forced,
        )

    def _of(self, name: str) -> Record:
        return self.records.get(name, Record())

    def _held(self, name: str) -> Held | None:
        record = self._of(name)
        if record.asked_at is None or record.expires_at is None:
            return None
        return Held(record.value, record.asked_at, record.expires_at)
