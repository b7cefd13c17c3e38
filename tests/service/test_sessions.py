"""Who is one person and who is not, and how long a session lasts, on real tables."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.bindings import AWAY
from bot.domain.sessions import LONGEST, NOTED_EVERY, SLIDES, Door
from bot.services import retention, sessions
from bot.services.sessions import Known
from models import AuditEntry, Identity, Session, User
from tests.conftest import NOW

OA, MINI = "wx_oa", "wx_mini"
TICK = timedelta(seconds=1)

arrivals = st.lists(
    st.builds(
        Known,
        st.sampled_from([OA, MINI]),
        st.sampled_from(["o1", "o2", "o3"]),
        st.sampled_from([None, None, "", "u1", "u2"]),
    ),
    min_size=1,
    max_size=8,
)


def people_among(come: list[Known]) -> list[set[tuple[str, str]]]:
    """The oracle: identities are one person exactly when a unionid ties them together."""
    groups: list[tuple[set[tuple[str, str]], set[str]]] = []
    for known in come:
        names = {(known.appid, known.openid)}
        unions = {known.unionid} if known.unionid else set()
        apart = []
        for held, said in groups:
            if held & names or said & unions:
                names, unions = names | held, unions | said
            else:
                apart.append((held, said))
        groups = [*apart, (names, unions)]
    return [names for names, _ in groups]


@given(come=arrivals)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_two_users_are_one_person_only_by_a_unionid_and_never_by_none(
    db: str, emptier: asyncpg.Connection, come: list[Known]
) -> None:
    await emptier.execute("TRUNCATE app_user CASCADE")
    # A unionid that changed keeps its old joins, which is not what this test is about.
    said: dict[tuple[str, str], str] = {}
    come = [
        one
        for one in come
        if not one.unionid or said.setdefault((one.appid, one.openid), one.unionid) == one.unionid
    ]

    tokens = {}
    for at, known in enumerate(come):
        opened = await sessions.sign_in(known, Door.MINI, now=NOW + at * TICK)
        tokens[known.appid, known.openid] = opened.token
    users: dict[object, set[tuple[str, str]]] = {}
    for name, token in tokens.items():
        member = await sessions.find(token, Door.MINI, now=NOW + timedelta(minutes=1))
        assert member is not None
        users.setdefault(member.user_id, set()).add(name)

    assert sorted(map(sorted, users.values())) == sorted(map(sorted, people_among(come)))


async def enter(known: Known, door: Door = Door.MINI) -> sessions.Opened:
    return await sessions.sign_in(known, door, now=NOW)


async def test_the_same_openid_of_two_accounts_is_two_people(db):
    one = await enter(Known(OA, "o"))
    other = await enter(Known(MINI, "o"))

    assert one.member.user_id != other.member.user_id


async def test_a_chain_of_joins_ends_at_the_oldest_user_for_every_session(db):
    first, second, third = [
        await sessions.sign_in(Known(OA, name), Door.H5, now=NOW + at * TICK)
        for at, name in enumerate(("a", "b", "c"))
    ]
    later = NOW + timedelta(minutes=1)

    await sessions.sign_in(Known(OA, "c", "u"), Door.H5, now=later)
    await sessions.sign_in(Known(OA, "b", "u"), Door.H5, now=later)  # c becomes b
    await sessions.sign_in(Known(OA, "a", "u"), Door.H5, now=later)  # and both become a

    found = [await sessions.find(one.token, Door.H5, now=later) for one in (first, second, third)]
    assert {one.user_id for one in found if one} == {first.member.user_id}
    assert await User.filter(joined_into_id=first.member.user_id).count() == 2
    one, two, three = (str(each.member.user_id) for each in (first, second, third))
    noted = await AuditEntry.filter(action="user.join").values_list(
        "kind", "object_id", "actor_kind", "actor", "before", "after"
    )
    assert set(map(str, noted)) == {
        str(("app_user", who, "system", "unionid", {"joined_into": was}, {"joined_into": now}))
        for who, was, now in ((three, None, two), (three, two, one), (two, None, one))
    }
    assert await sessions.end_all_of(first.member.user_id, now=later) == 6


async def test_one_identity_that_comes_twenty_times_at_once_is_one_user(db):
    known = [Known(appid, "o", "u") for appid in (OA, MINI) for _ in range(10)]

    opened = await asyncio.gather(*(enter(one) for one in known))

    assert len({one.member.user_id for one in opened}) == 1
    assert (await User.all().count(), await Identity.all().count()) == (1, 2)
    assert len({one.token for one in opened}) == 20


async def test_only_the_hash_of_the_token_is_kept(db):
    opened = await enter(Known(MINI, "o"))

    [row] = await Session.all().values()
    assert row["token_hash"] == sha256(opened.token.encode()).hexdigest()
    assert opened.token not in repr(row) + repr(opened)
    assert len(opened.token) >= 43  # 32 bytes in base64


async def test_a_session_slides_with_use_and_ends_without(db):
    used, idle = await enter(Known(MINI, "a")), await enter(Known(MINI, "b"))
    almost = NOW + SLIDES[Door.MINI] - TICK

    member = await sessions.find(used.token, Door.MINI, now=almost)

    after = NOW + SLIDES[Door.MINI] + TICK
    assert member is not None
    assert member.expires_at == almost + SLIDES[Door.MINI]
    assert await sessions.find(used.token, Door.MINI, now=after) == member
    assert await sessions.find(idle.token, Door.MINI, now=after) is None


async def test_no_session_outlives_its_longest_life_however_often_it_is_used(db):
    opened = await enter(Known(OA, "a"), Door.H5)
    day = NOW
    while day < NOW + LONGEST:
        assert await sessions.find(opened.token, Door.H5, now=day) is not None
        day += timedelta(days=6)

    assert await sessions.find(opened.token, Door.H5, now=NOW + LONGEST) is None


async def test_looking_again_at_once_writes_nothing(db):
    opened = await enter(Known(MINI, "a"))

    await sessions.find(opened.token, Door.MINI, now=NOW + NOTED_EVERY - TICK)
    before = (await Session.get(id=opened.member.session_id)).last_seen_at
    await sessions.find(opened.token, Door.MINI, now=NOW + NOTED_EVERY)

    after = (await Session.get(id=opened.member.session_id)).last_seen_at
    assert (before, after) == (NOW, NOW + NOTED_EVERY)


async def test_a_token_opens_no_other_door_and_no_other_token_opens_any(db):
    opened = await enter(Known(MINI, "a"))

    assert await sessions.find(opened.token, Door.H5, now=NOW) is None
    assert await sessions.find(sessions.hashed(opened.token), Door.MINI, now=NOW) is None
    assert await sessions.find("", Door.MINI, now=NOW) is None


async def test_ending_one_session_leaves_the_others_and_ending_all_leaves_none(db):
    here, there = await enter(Known(MINI, "a")), await enter(Known(MINI, "a"))
    stranger = await enter(Known(MINI, "b"))

    await sessions.end(here.member, now=NOW)
    alive = [
        await sessions.find(one.token, Door.MINI, now=NOW) is not None
        for one in (here, there, stranger)
    ]
    ended = await sessions.end_all(there.member, now=NOW)

    assert (alive, ended) == ([False, True, True], 1)
    assert await sessions.find(there.token, Door.MINI, now=NOW) is None
    assert await sessions.find(stranger.token, Door.MINI, now=NOW) is not None


async def test_a_session_that_is_long_over_is_deleted_and_its_user_stays(db):
    await enter(Known(MINI, "a"))
    over = NOW + SLIDES[Door.MINI] + AWAY  # until then it tells when somebody was here last

    kept = await retention.purge(now=over)
    gone = await retention.purge(now=over + TICK)

    assert (kept["session"], gone["session"], await User.all().count()) == (0, 1, 1)
