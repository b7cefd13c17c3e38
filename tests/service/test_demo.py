"""The demonstration data: everything is there in every state, once, and only where it may be."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bot.clients.database import connect_as_is, fetch
from bot.clients.signer import FileSigner
from bot.clients.vault import Vault
from bot.commands.audit_verify import verify
from bot.domain.bindings import State as Binding
from bot.domain.cases import State as Case
from bot.domain.certificates import State, effective, today
from bot.domain.commitments import How
from bot.domain.commitments import State as Commitment
from bot.domain.files import object_key
from bot.scoring.library import shipped_programmes, versions
from bot.scoring.programme import NoFee
from bot.services import certificate_life, demo, programmes
from bot.services.audit_sequence import HeadSigner, sequence
from bot.services.demo_cast import Phone, Phones
from bot.services.demo_steps import OtherData
from bot.services.signing_keys import Issuer
from tests import papers, people
from tests.conftest import NOW

SIGNER = HeadSigner({"a1": b"1" * 32})
PHONES = Phones(
    *(
        Phone("wx5a4d0b0c0ffee001", f"oSbx6Person{place}", name, f"1000000000{place}")
        for place, name in enumerate(("王建国", "李秀英", "赵国强", "孙晓梅"), start=1)
    )
)
NEW_YEAR = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # half an hour old, in Beijing
RESTING = set(Case) - {Case.ACCEPTED}  # which goes on at once


async def load(folder, *, count=300, production=False, now=NOW, trusting=False):
    issuer = Issuer(FileSigner(folder / "keys"), "http://127.0.0.1:8080", production)
    vault = Vault({"1": bytes(32)}, bytes(range(32)))
    async with papers.cabinet_in(folder) as cabinet:
        kept_in = papers.trusting(cabinet) if trusting else cabinet
        return await demo.load(
            count, phones=PHONES, issuer=issuer, vault=vault, cabinet=kept_in, now=now
        )


async def counted(sql):
    return Counter({tuple(row.values())[:-1]: row["n"] for row in await fetch(sql)})


async def states(table):
    return {
        state for (state,) in await counted(f"SELECT state, count(*) AS n FROM {table} GROUP BY 1")
    }


async def of_phone(phone, table):
    """In which states something is of the enterprises that a phone acts for, or would like to."""
    rows = await fetch(
        f"SELECT DISTINCT x.state FROM {table} x JOIN binding b USING (enterprise_id)"
        " JOIN identity i ON i.user_id = b.user_id WHERE i.openid = $1",
        phone.openid,
    )
    return {row["state"] for row in rows}


@pytest.mark.mass
async def test_everything_that_exists_is_there_in_every_state_and_once(db, tmp_path):
    made = await load(tmp_path)

    assert (made.counts["企业"], made.counts["会员资格"]) == (300, 301)
    assert await states("binding") == set(Binding)
    await commitments_in_every_state()
    await cases_in_every_state()
    await self_assessments_of_every_scheme()
    await files_that_are_there(tmp_path)
    await certificates_in_every_state()
    await results_that_are_spread()
    await charging_with_a_basis()
    await an_audit_trail_that_holds(db)

    entries = await fetch("SELECT count(*) AS n FROM audit_entry")
    assert await load(tmp_path, now=NOW + timedelta(hours=1)) == made
    assert await fetch("SELECT count(*) AS n FROM audit_entry") == entries
    assert (await load(tmp_path, count=420)).counts["企业"] == 420


async def commitments_in_every_state():
    assert await states("commitment") == set(Commitment)
    waiting = await counted(
        "SELECT signed_at IS NOT NULL AS signed, seal_file IS NOT NULL AS sealed, count(*) AS n"
        " FROM commitment WHERE state = 'prepared' GROUP BY 1, 2"
    )
    assert set(waiting) == {(True, False), (False, False)}
    ways = await counted(
        "SELECT how, count(*) AS n FROM commitment WHERE state = 'published' GROUP BY 1"
    )
    assert {how for (how,) in ways} == set(How)


async def cases_in_every_state():
    assert await states("credit_case") == RESTING
    owner, agent, lapsed, claimant = PHONES.owner, PHONES.agent, PHONES.lapsed, PHONES.claimant
    assert await of_phone(owner, "credit_case") == {Case.DRAFT, Case.RETURNED, Case.WITHDRAWN}
    assert await of_phone(agent, "credit_case") == RESTING
    assert await of_phone(lapsed, "commitment") == {Commitment.AWAITING_PAYMENT}
    rows = await fetch(
        "SELECT b.state FROM binding b JOIN identity i USING (user_id) WHERE i.openid = $1",
        claimant.openid,
    )
    assert {row["state"] for row in rows} == {Binding.REQUESTED, Binding.DISPUTED, Binding.REJECTED}
    links = await fetch(
        "SELECT CASE WHEN used_at IS NOT NULL THEN 'used' WHEN revoked_at IS NOT NULL THEN 'back'"
        " WHEN expires_at < $1 THEN 'over' ELSE 'open' END AS state FROM invitation ORDER BY 1",
        NOW,
    )
    assert [row["state"] for row in links] == ["back", "open", "over", "used"]


async def self_assessments_of_every_scheme():
    done = await fetch(
        "SELECT DISTINCT a.scheme FROM assessment a JOIN self_assessment s"
        " ON s.assessment_id = a.id"
    )
    assert {row["scheme"] for row in done} == set(versions())
    drafts = await fetch("SELECT kind FROM draft WHERE kind LIKE 'self:%'")
    assert {row["kind"] for row in drafts} == {f"self:{scheme}" for scheme in versions()}


async def files_that_are_there(folder):
    """Every piece lies in a store, and whatever a commitment or a claim rests on is a file."""
    kept = {path.rsplit("/", 1)[-1] for path in papers.objects(folder)}
    pieces = await fetch("SELECT id FROM file_piece")
    assert {object_key(row["id"]) for row in pieces} <= kept
    named = await fetch(
        "SELECT count(*) AS n, count(f.id) AS there FROM (SELECT seal_file AS id FROM commitment"
        " UNION SELECT letter_file FROM commitment UNION SELECT licence_file FROM binding"
        " UNION SELECT letter_file FROM binding) w LEFT JOIN stored_file f USING (id)"
        " WHERE w.id IS NOT NULL"
    )
    assert named[0]["n"] == named[0]["there"] > 10
    warned = await fetch("SELECT kind, warnings FROM stored_file WHERE warnings::text <> '[]'")
    assert warned == []


async def certificates_in_every_state():
    rows = await certificate_life.listed(limit=1000)
    found = {(row.programme, effective(row.facts, today(NOW))) for row in rows}
    for programme in shipped_programmes():
        never = {State.UNTRUSTED} | (set() if programme.annual_review else {State.DUE})
        wanted = set(State) - never
        assert {state for name, state in found if name == programme.id} == wanted
    assert all(row.token for row in rows)


async def results_that_are_spread():
    rows = await fetch(
        "SELECT c.scheme, r.state, r.level FROM current_run c JOIN scoring_result r USING (run_id)"
    )
    assert {row["state"] for row in rows} == {"scored", "not_scored"}
    levels = Counter((row["scheme"], row["level"]) for row in rows)
    for scheme, least in (("casme-public-credit", 4), ("sme-credit-rating", 5)):
        assert len([level for name, level in levels if name == scheme and level]) >= least
    assert len([level for name, level in levels if name == "shanxi-integrity"]) >= 6


async def charging_with_a_basis():
    found = await programmes.in_force("credit-evaluation")
    assert "演示" in (found.fee.legal_basis or "")
    assert (await programmes.price("credit-evaluation", member=True)).fen == 1_800_000
    with pytest.raises(NoFee):
        await programmes.price("shanxi-integrity", member=False)


async def an_audit_trail_that_holds(db):
    unreadable = await fetch(
        "SELECT action FROM audit_entry"
        " WHERE before ->> 'state' LIKE 'hmac:%' OR after ->> 'state' LIKE 'hmac:%'"
    )
    assert unreadable == []
    await sequence(signer=SIGNER, now=NOW)
    connection = await connect_as_is(db, application="tests")
    assert (await verify(connection, SIGNER.public())).first is None
    await connection.close()


@pytest.mark.mass
async def test_it_is_as_whole_on_the_first_day_of_a_year(db, tmp_path):
    await load(tmp_path, count=demo.LEAST, now=NEW_YEAR, trusting=True)

    assert await states("commitment") == set(Commitment)
    assert await states("credit_case") == RESTING
    assert await of_phone(PHONES.lapsed, "commitment") == {Commitment.AWAITING_PAYMENT}


async def test_it_stays_away_from_production_and_from_the_data_of_others(db, tmp_path):
    with pytest.raises(NoFee):
        await programmes.price("credit-evaluation", member=True)
    with pytest.raises(demo.NotHere):
        await load(tmp_path, production=True)
    await people.enterprise()
    with pytest.raises(OtherData):
        await load(tmp_path)
    assert (await fetch("SELECT count(*) AS n FROM enterprise"))[0]["n"] == 1
