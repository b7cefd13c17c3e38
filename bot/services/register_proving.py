"""The keeper asks about every signature ahead of the questions; everybody else takes its word.

Its word is a file (`register_word`), signed with a key of this very machine like the table that it
speaks of, and good only for that table and for the keys that were known. Without it each process
asks for itself, and so does the keeper always.
"""

import asyncio
from collections.abc import Iterator

import structlog

from bot.clients.register_file import Table
from bot.clients.signer import Sign
from bot.domain.register import read_entry
from bot.domain.signing_keys import Key
from bot.services.register_folder import Folder
from bot.services.register_proofs import BAD, GOOD, UNASKED, UNSIGNED, Prover
from bot.services.register_word import Word

log = structlog.get_logger()

AT_ONCE = 50  # signatures between two turns of the loop: a few milliseconds
MOST_NAMED = 20  # forgeries told one by one; their number is told in any case


class Proving:
    """One table at a time, as long as it is the newest."""

    def __init__(self, prover: Prover, folder: Folder | None) -> None:
        self._prover = prover
        self._word = Word(folder) if folder else None
        self._takes = folder is not None and not folder.may_keep
        self._of: tuple[Table, str] | None = None
        self._task: asyncio.Task[None] | None = None

    def take(self, table: Table | None) -> None:
        """What the keeper found out about this table, as soon as it has said so."""
        if table is None or self._word is None or not self._takes:
            return
        good = self._word.newer(table, self._prover.fingerprint)
        if good is not None:
            proofs = bytearray(good)
            for place in _places(table.proofs, BAD):  # what was seen to be forged stays so
                proofs[place] = BAD
            table.proofs = proofs

    async def go_on(self, table: Table | None, signing: tuple[Key, Sign] | None) -> None:
        """As the keeper, be at work on this table, and see that nobody else speaks for it."""
        if self._word is None:
            return
        await asyncio.to_thread(self._word.uphold)
        if table is None or signing is None:
            return
        if self._of is not None and self._of == (table, self._prover.fingerprint):
            return
        before = self._of[0] if self._of and self._of[1] == self._prover.fingerprint else None
        if self._task is not None:
            self._task.cancel()
        self._of = table, self._prover.fingerprint
        self._task = asyncio.create_task(self._prove(table, before, self._word, signing))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _prove(
        self, table: Table, before: Table | None, word: Word, signing: tuple[Key, Sign]
    ) -> None:
        fingerprint = self._prover.fingerprint
        try:
            bad = await self._sweep(table, before, fingerprint)
        except Exception:
            log.exception("register_not_proved")
            return
        if bad is None:
            return  # what was found out by then says nothing about other keys
        if bad:
            UNSIGNED.inc(bad)
            log.error("registered_but_not_signed", in_all=bad)
        good = bytes(table.proofs)
        await asyncio.to_thread(word.say, table, good, fingerprint, signing)
        log.info("register_proved", certificates=table.count, bad=bad)

    async def _sweep(self, table: Table, before: Table | None, fingerprint: str) -> int | None:
        """Ask about every record that nobody asked about; how many nobody signed."""
        bad = 0
        for number, place in enumerate(_places(table.proofs, UNASKED)):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
                if self._prover.fingerprint != fingerprint:
                    return None
            wanted, record = table.at(place)
            known = before.proof_of(wanted, record) if before else UNASKED
            if known == UNASKED:
                entry = read_entry(record)
                known = self._prover.judge(entry)
                bad += known != GOOD
                if known != GOOD and bad <= MOST_NAMED:
                    log.error("registered_but_not_signed", certificate=entry.number)
            table.proofs[place] = known
        return bad


def _places(proofs: bytearray, what: int) -> Iterator[int]:
    place = proofs.find(what)
    while place >= 0:
        yield place
        place = proofs.find(what, place + 1)
