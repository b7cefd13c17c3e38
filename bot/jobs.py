"""Every kind of job, and everything that runs by the clock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.clients.head_file import HeadFile
from bot.clients.queue import HEARTBEAT
from bot.clients.vault import read_keys
from bot.config import Config
from bot.deps import open_issuer, open_vault
from bot.domain.errors import Unavailable
from bot.domain.papers import ORDER
from bot.domain.printing import Printer
from bot.domain.telling import SEND
from bot.handlers.wechat import certificates as chat_certificates
from bot.handlers.wechat import lookups, pictures
from bot.handlers.wechat.words import WORDS
from bot.services import (
    audit_sequence,
    case_evidence,
    certificate_lapses,
    certificate_ledger,
    certificate_signing,
    certificate_trail,
    certificates,
    colleagues,
    content,
    content_checks,
    conversation,
    courtesy,
    enterprises,
    exports,
    file_upkeep,
    files,
    followers,
    grants,
    leaving,
    membership_effects,
    memberships,
    outbox,
    paper_making,
    papers,
    people,
    plaques,
    receipts,
    retention,
    sending,
    signers,
    signing_keys,
    status_lists,
    telling,
    withdrawals,
)
from bot.services.audit_gaps import Gaps
from bot.services.cabinet import Cabinet
from bot.services.export_packing import Packing
from bot.services.outbox import Payload, Task
from bot.services.paper_making import Desk
from bot.services.register import Register
from bot.services.sending import Accounts
from bot.services.verification import Verifier

TASKS: Mapping[str, Task] = {
    certificate_trail.TELL: Task(certificate_trail.tell_many),
    content_checks.TAKE: Task(content_checks.take),
    conversation.FORGET: Task(leaving.forget),
    enterprises.LEGAL_CHANGED: Task(signers.take, outside=True),
    grants.TAKE: Task(grants.take),
    memberships.CHANGED: Task(membership_effects.take, outside=True),
    receipts.TAKE: Task(receipts.take),
    withdrawals.TAKE: Task(withdrawals.take),
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """One line of the clock; `when` is a crontab line in UTC (Beijing is eight hours ahead)."""

    name: str
    when: str
    run: Callable[[datetime], Awaitable[object]]


SCHEDULE: tuple[Schedule, ...] = (
    Schedule("bindings.expire", "23 * * * *", lambda now: colleagues.expire(now=now)),
    Schedule("bindings.remind", "5 1 * * *", lambda now: colleagues.remind(now=now)),
    Schedule("certificates.lapse", "10 16 * * *", lambda now: certificate_lapses.all_due(now=now)),
    Schedule("certificates.ledger", "37 * * * *", lambda now: certificate_ledger.look(now=now)),
    Schedule("checks.sweep", "* * * * *", lambda now: content_checks.sweep(now=now)),
    Schedule("memberships.look", "20 16 * * *", lambda now: membership_effects.look(now=now)),
    Schedule("commitments.signers", "10 1 * * *", lambda now: signers.look(now=now)),
    Schedule("outbox.sweep", "* * * * *", lambda now: outbox.sweep(now=now)),
    Schedule("telling.sweep", "* * * * *", lambda now: telling.sweep(now=now)),
    Schedule("plaques.expire", "20 16 * * *", lambda now: plaques.cancel_ended(now=now)),
    Schedule("retention.nobody", "*/5 * * * *", lambda now: retention.purge_of_nobody(now=now)),
    Schedule("retention.purge", "17 * * * *", lambda now: retention.purge(now=now)),
)


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker is given to do; the tests of its loop hand it other work."""

    tasks: Mapping[str, Task]
    schedule: Sequence[Schedule]
    heartbeat: timedelta = HEARTBEAT


def work_with(
    accounts: Accounts,
    config: Config,
    cabinet: Cabinet | None = None,
    press: Printer | None = None,
    verifier: Verifier | None = None,
) -> Work:
    """All work, with that which calls the outside world or needs a key.

    Without a verifier the chat says of every certificate that it cannot tell.
    """
    verifier = verifier or Verifier(Register(bases=config.addresses))
    mini, service, url = accounts.mini, accounts.service, accounts.public_url
    speech = partial(content.spoken, WORDS)
    chat: dict[str, Any] = {
        "wechat": service, "speech": speech, "public_url": url, "verifier": verifier
    }  # fmt: skip
    outside = {
        SEND: partial(sending.send, accounts=accounts),
        content_checks.ASK: partial(content_checks.ask, wechat=mini, public_url=url),
        chat_certificates.SEND: partial(
            chat_certificates.send, wechat=service, cabinet=cabinet, verifier=verifier
        ),
        courtesy.SEND: partial(courtesy.send, wechat=mini, speech=speech),
        followers.LEARN: partial(followers.learn, wechat=service),
        lookups.LATER: partial(lookups.bring, **chat),
    }
    calls = {kind: Task(run, outside=True) for kind, run in outside.items()}
    ours = partial(people.deliver, service=accounts.service.appid, mini=accounts.mini.appid)
    signed, lines = _certificates(config)
    jail = cabinet.jail if cabinet else None
    calls[pictures.READ] = Task(
        partial(pictures.read, jail=jail, **chat) if jail else _later, outside=True
    )
    filed, sweep = _files(config, cabinet)
    printed, catch_up = _papers(config, cabinet, press)
    tasks = {**TASKS, **calls, **signed, **filed, **printed, people.TELL: Task(ours)}
    return Work(tasks, (*SCHEDULE, _sequencing(config), *lines, *sweep, *catch_up))


def _sequencing(config: Config) -> Schedule:
    """The numbering of the audit log, with the keys that sign it."""
    signer = audit_sequence.HeadSigner(read_keys(config.audit_keys.get_secret_value()))
    kept = HeadFile.of(config.state_dir) if config.state_dir else None
    gaps = Gaps()

    async def run(now: datetime) -> None:
        await audit_sequence.sequence(signer=signer, now=now, kept=kept)
        await gaps.look()

    return Schedule("audit.sequence", "* * * * * */5", run)  # the sixth field counts seconds


def _files(
    config: Config, cabinet: Cabinet | None
) -> tuple[Mapping[str, Task], Sequence[Schedule]]:
    """What is done to stored files: only where they are kept."""
    if cabinet is None:
        return {}, ()
    packing = Packing(cabinet, open_vault(config))
    tasks = {
        files.DRAW: partial(file_upkeep.draw, cabinet=cabinet),
        file_upkeep.DROP: partial(file_upkeep.drop, cabinet=cabinet),
        exports.MAKE: partial(exports.make, packing=packing),
    }
    return (
        {kind: Task(run, outside=True) for kind, run in tasks.items()},
        (
            Schedule("files.sweep", "41 18 * * *", partial(_swept, cabinet)),
            Schedule("cases.erase", "11 * * * *", lambda now: case_evidence.erase(now=now)),
        ),
    )


async def _swept(cabinet: Cabinet, now: datetime) -> int:
    return await file_upkeep.sweep(cabinet=cabinet, now=now)


def _papers(
    config: Config, cabinet: Cabinet | None, press: Printer | None
) -> tuple[Mapping[str, Task], Sequence[Schedule]]:
    """What is printed: a worker without a press leaves it to one that has it."""
    if cabinet is None or press is None:
        return {ORDER: Task(_nothing), papers.MAKE: Task(_later, outside=True)}, ()
    desk = Desk(press, cabinet, open_vault(config), config.public_url, config.production)

    async def order(_payload: Payload, now: datetime) -> None:
        await papers.order(now=now)

    return (
        {
            ORDER: Task(order, outside=True),
            papers.MAKE: Task(partial(paper_making.make, desk=desk), outside=True),
        },
        (
            Schedule(ORDER, "* * * * *", lambda now: papers.order(now=now)),
            Schedule("papers.clear", "53 18 * * *", lambda now: papers.clear_old(now=now)),
        ),
    )


async def _nothing(_payload: Payload, _now: datetime) -> None:
    """The minute's look of a worker with a press finds what was meant."""


async def _later(_payload: Payload, _now: datetime) -> None:
    raise Unavailable("这个后台进程没有字体或存放文件的地方，做不了这件事。")


def _certificates(config: Config) -> tuple[Mapping[str, Task], Sequence[Schedule]]:
    """What is signed: only where the keys are, which an application without a folder has not."""
    issuer = open_issuer(config)
    if issuer is None:
        return {}, ()

    async def sign(_payload: Payload, now: datetime) -> None:
        await certificate_signing.sign_waiting(issuer=issuer, now=now)

    async def sign_left(now: datetime) -> None:
        await certificate_signing.sign_waiting(issuer=issuer, now=now)  # whose job was lost

    async def list_states(now: datetime) -> None:
        await status_lists.renew(issuer=issuer, now=now)

    async def look_at_keys(now: datetime) -> None:
        await signing_keys.warn_of_age(issuer=issuer, now=now)

    return (
        {certificates.SIGN: Task(sign, outside=True)},
        (
            Schedule("certificates.list", "* * * * *", list_states),
            Schedule("certificates.sign_left", "* * * * *", sign_left),
            Schedule("keys.age", "30 0 * * *", look_at_keys),
        ),
    )
