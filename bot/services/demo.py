"""The demonstration: two associations, their enterprises and people, in every state that exists.

Made once, step by step; asked for again it adds nothing, and asked for more it adds the rest.
What brings new things to show adds a scene to bot/services/demo_members.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.vault import Vault
from bot.domain.actors import Staff
from bot.domain.certificate_token import address
from bot.domain.errors import DomainError
from bot.services import (
    certificate_reviews,
    certificate_signing,
    certificates,
    demo_cast,
    demo_certificates,
    demo_members,
    demo_register,
    programmes,
)
from bot.services.cabinet import Cabinet
from bot.services.certificate_bases import DEMONSTRATION, Basis
from bot.services.demo_cast import Cast, People, Phones
from bot.services.demo_stage import Stage
from bot.services.demo_steps import Steps
from bot.services.signing_keys import Issuer

ENTERPRISES, LEAST = 300, 200
PEOPLE = People(Staff("演示经办 陈静"), "演示复核 赵敏")
LEGAL_BASIS = "演示数据：没有真实的收费依据，只为展示收费流程，正式使用前必须停止"
EVALUATION, SHANXI = "credit-evaluation", "shanxi-integrity"


class NotHere(DomainError):
    """Invented enterprises have no place beside real ones."""

    code = "not_in_production"
    message = "生产环境不能写入演示数据。"


@dataclass(frozen=True, slots=True)
class Made:
    """What there is now, and what to try."""

    counts: dict[str, int]
    owned: str
    in_shanxi: str
    lapsed: str
    valid: str
    revoked: str
    forged: str


async def load(
    count: int,
    *,
    phones: Phones,
    issuer: Issuer,
    vault: Vault,
    cabinet: Cabinet,
    now: datetime,
) -> Made:
    """Make what is missing of so many enterprises; OtherData on somebody's database."""
    if issuer.production:
        raise NotHere
    steps = await Steps.read()
    wanted = max(count, LEAST, steps.enterprises)
    played = demo_cast.cast(wanted, now=now)
    numbers = range(steps.enterprises, wanted)
    if numbers:
        known = demo_cast.contacts(played, phones)
        await demo_register.enrol(
            numbers, known=known, steps=steps, vault=vault, by=PEOPLE.by, now=now
        )
    await demo_certificates.publish_rules(PEOPLE, steps=steps, now=now)
    await demo_certificates.score_all(f"scores {wanted}", steps=steps, now=now)
    await _switch_charging_on(steps, now=now)
    ids = await demo_register.ids_of(played.everybody)
    await demo_members.play(Stage(played, phones, ids, PEOPLE, steps, vault, cabinet, issuer, now))
    spared = [one.credit_code for one in (played.owned, played.in_shanxi, played.lapsed)]
    await demo_certificates.issue_all(
        f"certificates {wanted}", PEOPLE, spared=spared, issuer=issuer, steps=steps, now=now
    )
    await _certificates_on_phones(played, issuer=issuer, steps=steps, now=now)
    return await _made(played, base=issuer.base)


async def _switch_charging_on(steps: Steps, *, now: datetime) -> None:
    if steps.left("charging"):
        async with in_transaction():
            await programmes.charge(
                EVALUATION, legal_basis=LEGAL_BASIS, actor=PEOPLE.by, second=PEOPLE.second, now=now
            )
            await steps.done("charging", 0, now=now)


async def _certificates_on_phones(
    played: Cast, *, issuer: Issuer, steps: Steps, now: datetime
) -> None:
    """One that has passed its first annual review, one whose time is soon over, and one that is due
    for a review: which a membership would be needed for."""
    if not steps.left("phones"):
        return
    ids = await demo_register.ids_of(played.everybody)
    basis = Basis(DEMONSTRATION, by=PEOPLE.by.name, second=PEOPLE.second, reason="演示数据")
    async with in_transaction():
        first, *_ = [
            await certificates.issue(
                enterprise_id=ids[one.credit_code], programme=programme, level=level,
                basis=basis, actor=PEOPLE.by, now=now - timedelta(days=days),
            )
            for one, programme, level, days in (
                (played.owned, EVALUATION, "AA", 380),
                (played.in_shanxi, SHANXI, "AA", 330),
                (played.lapsed, EVALUATION, "A", 380),
            )
        ]  # fmt: skip
        await certificate_reviews.passed(
            first.number, words="演示：年审通过", actor=PEOPLE.by, now=now
        )
        await steps.done("phones", 0, now=now)
    await certificate_signing.sign_waiting(issuer=issuer, now=now)


async def _made(played: Cast, *, base: str) -> Made:
    tables = {
        "企业": "enterprise", "会员资格": "membership", "信用记录": "fact", "绑定": "binding",
        "信用承诺": "commitment", "自评": "self_assessment", "申报": "credit_case",
        "材料": "stored_file", "证书": "certificate",
    }  # fmt: skip
    counts = {
        name: (await fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"]  # noqa: S608  # our own
        for name, table in tables.items()
    }
    valid = await _one_of(EVALUATION, "active", played.owned.credit_code)
    revoked = await _one_of(EVALUATION, "revoked", "")
    return Made(
        counts=counts,
        owned=played.owned.name,
        in_shanxi=played.in_shanxi.name,
        lapsed=played.lapsed.name,
        valid=address(base, *valid),
        revoked=address(base, *revoked),
        forged=address(base, valid[0], _tampered(valid[1])),
    )


async def _one_of(programme: str, state: str, credit_code: str) -> tuple[str, str]:
    rows = await fetch(
        "SELECT number, token FROM certificate WHERE programme = $1 AND state = $2"
        " AND ($3 = '' OR credit_code = $3) AND token IS NOT NULL ORDER BY id LIMIT 1",
        programme,
        state,
        credit_code,
    )
    [row] = rows
    return row["number"], row["token"]


def _tampered(token: str) -> str:
    """One character in the middle is another: what it says was never signed."""
    place = len(token) // 2
    return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
