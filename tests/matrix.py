"""Who may open which route: people of two enterprises, and the table that fills addresses.

A new route is taken in by itself. Whatever its address or declared body holds that is not known
here yet stops the test until a line says how to fill it, and whether it belongs to somebody.
"""

import re
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import UUID, uuid4

import aiohttp
from aiohttp.test_utils import TestClient
from tortoise.transactions import in_transaction

from bot.domain.actors import Member
from bot.domain.bindings import Role, State
from bot.domain.files import Media
from bot.domain.sessions import Door
from bot.handlers.audience import SIGNED_IN, Audience
from bot.handlers.surface import Route
from bot.services import (
    cases,
    certificates,
    exports,
    invitations,
    self_assessments,
    sessions,
)
from bot.services.certificate_bases import Basis
from models import ExportPack, FileUpload, StoredFile
from tests import applying, packs, people
from tests.applying import RATING
from tests.conftest import NOW

PARAMETER = re.compile(r"{(\w+)(?::[^}]*)?}")
ORIGIN = "http://127.0.0.1:8080"

# Addresses that anybody may open; a route for the public outside of them is a mistake.
PUBLIC = (
    "/", "/care", "/a/{name}", "/h5/login", "/h5/login/return", "/api/docs", "/api/openapi.json",
    "/api/industries", "/api/js-sdk", "/api/session", "/healthz", "/public", "/readyz",
    "/robots.txt", "/sitemap-commitments-{page}.xml", "/sitemap-pages.xml", "/sitemap.xml", "/v",
)  # fmt: skip
PUBLIC_BELOW = (
    "/v/", "/h5/s/", "/h5/x/", "/public/", "/certificates/", "/audit/", "/api/public/",
)  # fmt: skip
PROVIDERS = ("/hooks/",)

# What stands in an address and belongs to nobody.
PLAIN: Mapping[str, str] = {
    "account": "oa",
    "material": "business_licence",
    "name": "nothing",
    "number": "0",
    "page": "1",
    "programme": RATING,
    "purpose": "privacy",
    "question": "registration_status",
    "scheme": packs.PUBLIC,
    "section": "company",
    "start": "0",
    "ticket": "0" * 43,
    "token": "0" * 43,  # whoever holds a link may open it; this one nobody made
}


@dataclass(slots=True)
class Enterprise:
    """One enterprise and those who act for it."""

    id: UUID
    legal: str
    agent: str
    claimant: str = ""
    """Somebody who says that it is theirs, and has still to prove it."""
    things: dict[str, str] = field(default_factory=dict)
    """What belongs to it, by the name in the address."""
    members: dict[str, Member] = field(default_factory=dict)
    """Who of them has signed in, by openid."""
    tokens: dict[tuple[str, Door], str] = field(default_factory=dict)
    """What their sessions are known by."""

    @property
    def member(self) -> Member:
        return self.members[self.legal]

    async def sign_in(self, openid: str) -> UUID:
        opened = await people.opened(openid)
        self.members[openid], self.tokens[openid, Door.H5] = opened.member, opened.token
        return opened.member.user_id


Maker = Callable[[Enterprise], Awaitable[str]]


async def _enterprise(of: Enterprise) -> str:
    return str(of.id)


async def _colleague(of: Enterprise) -> str:
    return str(await people.bind((await people.member()).user_id, of.id, Role.AGENT))


async def _claim(of: Enterprise) -> str:
    """Somebody says that the enterprise is theirs, which it is not yet."""
    of.claimant = f"claimant-{uuid4().hex}"
    binding = await people.bind(await of.sign_in(of.claimant), of.id, Role.AGENT)
    await people.put(binding, State.DISPUTED)
    return str(binding)


async def _invitation(of: Enterprise) -> str:
    made = await invitations.invite(of.id, Role.AGENT, actor=of.member, now=NOW)
    return str(made.id)


async def _assessment(of: Enterprise) -> str:
    who = of.member
    given = {"registration_status": {"v": "存续"}}
    seen = (await self_assessments.walk(of.id, packs.PUBLIC, actor=who, now=NOW)).seen
    await self_assessments.answer(of.id, packs.PUBLIC, given, seen=seen, actor=who, now=NOW)
    return str(await self_assessments.finish(of.id, packs.PUBLIC, actor=who, now=NOW))


async def _certificate(of: Enterprise) -> str:
    async with in_transaction():
        made = await certificates.issue(
            enterprise_id=of.id, programme="credit-evaluation", level="AAA",
            basis=Basis("demonstration", by="王芳", second="李强", reason="演示"),
            actor=people.TEST, now=NOW,
        )  # fmt: skip
    return made.number


async def _file(of: Enterprise) -> str:
    row = await StoredFile.create(
        id=uuid4(), enterprise_id=of.id, kind="business_licence", confidential=False, name="a.png",
        media_type=Media.PNG, pages=1, size=1, sha256=uuid4().hex, original_sha256=uuid4().hex,
        warnings=[], actor_kind="member", actor="x", kept_at=NOW,
    )  # fmt: skip
    return str(row.id)


async def _upload(of: Enterprise) -> str:
    row = await FileUpload.create(
        id=uuid4(), enterprise_id=of.id, user_id=of.member.user_id,
        kind="business_licence", name="a.png", size=3, begun_at=NOW,
    )  # fmt: skip
    return str(row.id)


async def _export(of: Enterprise) -> str:
    """A copy that is ready, as its row alone."""
    asked = await exports.ask(of.id, actor=of.member, now=NOW)
    await ExportPack.filter(id=asked.id).update(made_at=NOW)
    return str(asked.id)


async def _case(of: Enterprise) -> str:
    """The draft of a case; the one that is open already goes on."""
    await applying.describe(of.id, status="存续")
    begun = await cases.begin(of.id, RATING, (), actor=of.member, now=NOW)
    return str(begun.id)


async def _paper(of: Enterprise) -> str:
    return await applying.entered(UUID(await _case(of)), of.id)


# What stands in an address and belongs to an enterprise: a row of it, made for the one given.
OWNED: Mapping[str, Maker] = {
    "assessment": _assessment,
    "binding": _colleague,
    "case": _case,
    "certificate": _certificate,
    "claim": _claim,
    "enterprise": _enterprise,
    "export": _export,
    "file": _file,
    "invitation": _invitation,
    "paper": _paper,
    "upload": _upload,
}
# Of those, what belongs to one person only.
PERSONAL: Mapping[str, Callable[[Enterprise], str]] = {
    "claim": lambda of: of.claimant,
    "export": lambda of: of.legal,
    "upload": lambda of: of.legal,
}
# What anybody may see, in addresses that are for the public only.
SHOWN = frozenset({"commitment"})

# How somebody's hold on an enterprise is not there yet, or over.
FORMER = (State.DISPUTED, State.SUSPENDED, State.EXPIRED)

# Bodies that the routes accept, by address: JSON for the API, a form for a page.
BODIES: Mapping[str, Mapping[str, object]] = {
    "/api/account/closing": {"understood": True},
    "/h5/close-account": {"understood": "yes"},
    "/h5/agree": {"act": "give", "version": 1, "to": "me"},
    "/api/claims": {
        "credit_code": "91350100M000100Y43",
        "name": "晨星科技有限公司",
        "role": "agent",
        "person": "李强",
        "phone": "13900139000",
    },
    "/api/claims/phone": {"code": "0123"},
    "/api/enterprises/{enterprise}/cases": {"programme": RATING},
    "/api/enterprises/{enterprise}/cases/{case}/papers": {
        "material": "capital",
        "file": str(applying.FILE),
        "dated": "",
    },
    "/api/enterprises/{enterprise}/cases/{case}/papers/reuse": {
        "material": "capital",
        "paper": str(applying.FILE),
    },
    "/api/enterprises/{enterprise}/cases/{case}/submit": {"truthful": True},
    "/api/enterprises/{enterprise}/cases/{case}/withdraw": {},
    "/api/enterprises/{enterprise}/certificates/{certificate}/plaque": {
        "person": "李强",
        "phone": "010-88653588",
        "place": "北京市西城区月坛南街59号",
    },
    "/api/enterprises/{enterprise}/colleagues/{binding}/remove": {"reason": ""},
    "/api/enterprises/{enterprise}/details": {"industry": "C13", "seen": "-"},
    "/api/enterprises/{enterprise}/invitations": {"role": "agent"},
    "/api/invitations/{token}": {"person": "李强"},
    "/api/phone": {"code": "0123"},
    "/api/consents": {"purpose": "privacy", "version": 1},
    "/api/enterprises/{enterprise}/self-assessments/{scheme}/answers": {
        "seen": 0,
        "answers": {"registration_status": {"v": "存续"}},
    },
    "/api/enterprises/{enterprise}/uploads/{upload}": {
        "kind": "business_licence",
        "name": "a.png",
        "bytes": 3,
    },
    "/api/enterprises/{enterprise}/commitment": {"legal_representative": "李强", "status": "存续"},
    "/api/enterprises/{enterprise}/commitment/signature": {"strokes": "[]"},
    "/api/enterprises/{enterprise}/commitment/papers": {"file": str(UUID(int=0))},
    "/api/enterprises/{enterprise}/commitment/withdrawal": {"reason": "不再经营"},
    "/h5/e/{enterprise}/invitations": {"role": "agent"},
}
# What of them names something of an enterprise.
IN_BODIES = frozenset({"file", "paper"})
# Routes that take a file: the fields that come with it.
FILES: Mapping[str, Mapping[str, str]] = {
    "/api/claims/{claim}/papers": {"kind": "licence"},
    "/api/enterprises/{enterprise}/files": {"kind": "business_licence"},
    "/api/licence": {},
}
# Where a stranger is answered otherwise than that there is nothing, with the reason.
OTHERWISE: Mapping[tuple[str, str, str], int] = {
    # Whoever sends chooses the number: they learn that it is taken, and not for what.
    ("PUT", "/api/enterprises/{enterprise}/uploads/{upload}", "upload"): 409,
}
# Routes that its own people may not enter either, with the reason.
NOT_FOR_THE_OWNER: Mapping[tuple[str, str], str] = {
    (method, f"/h5/e/{{enterprise}}/self/{{scheme}}/{page}"): "this scheme asks for no accounts"
    for method, page in (("GET", "statements"), ("POST", "statements"), ("GET", "template.xlsx"))
} | {
    ("POST", "/api/enterprises/{enterprise}/commitment/papers"): "the file named is nobody's",
    ("POST", "/api/enterprises/{enterprise}/cases/{case}/papers"): "a file that nobody handed in",
    ("POST", "/api/enterprises/{enterprise}/cases/{case}/papers/reuse"): "nothing was accepted yet",
    ("GET", "/h5/bind/mini"): "no mini-program is published here",
    ("POST", "/h5/e/{enterprise}/colleagues/{binding}/confirm"): "this colleague is confirmed",
    **{
        ("GET", f"/{door}/files/{{file}}{page}"): "only its row is here, its bytes are not"
        for door in ("h5", "api")
        for page in ("", "/pages/{page}")
    },
    **{
        (method, f"/h5/e/{{enterprise}}/commitment/{page}"): "it has made no commitment yet"
        for method, pages in (
            ("GET", ("sign", "seal", "letter", "withdraw")),
            ("POST", ("sign", "forward", "seal", "letter", "withdraw")),
        )
        for page in pages
    },
    ("POST", "/api/enterprises/{enterprise}/colleagues/{binding}/confirm"): "confirmed already",
    **{
        ("GET", f"/{place}"): "no worker has made its papers"
        for place in (
            "h5/e/{enterprise}/certificates/{certificate}/paper.pdf",
            "h5/e/{enterprise}/certificates/{certificate}/share.png",
            "h5/e/{enterprise}/commitment/letter.pdf",
            "h5/e/{enterprise}/commitment/print.pdf",
            "api/enterprises/{enterprise}/certificates/{certificate}/pdf",
            "api/enterprises/{enterprise}/certificates/{certificate}/picture",
            "api/enterprises/{enterprise}/commitment/letter",
            "api/enterprises/{enterprise}/commitment/draft",
        )
    },
    **{
        (method, f"/{place}"): "no plaque was ordered"
        for method, place in (
            ("POST", "h5/e/{enterprise}/certificates/{certificate}/plaque/cancel"),
            ("DELETE", "api/enterprises/{enterprise}/certificates/{certificate}/plaque"),
        )
    },
}


async def found_enterprise(makers: Mapping[str, Maker] = OWNED) -> Enterprise:
    legal, agent = f"legal-{uuid4().hex}", f"agent-{uuid4().hex}"
    made = Enterprise(await people.enterprise(), legal, agent)
    for openid, role in ((legal, Role.LEGAL), (agent, Role.AGENT)):
        await people.bind(await made.sign_in(openid), made.id, role)
    for name, maker in makers.items():
        made.things[name] = await maker(made)
    return made


def unlisted(
    route: Route, makers: Mapping[str, Maker] = OWNED, plain: Mapping[str, str] = PLAIN
) -> list[str]:
    """What keeps a route out of the matrix."""
    faults = [
        f"{route.path}: say in tests/matrix.py how to fill {{{name}}}"
        for name in PARAMETER.findall(route.path)
        if name not in makers
        and name not in plain
        and not (name in SHOWN and route.audience is Audience.PUBLIC)
    ]
    if route.audience is Audience.PUBLIC:
        known = route.path in PUBLIC or route.path.startswith(PUBLIC_BELOW)
        faults += [] if known else [f"{route.path}: is it really for the public?"]
    elif route.audience is Audience.PROVIDER and not route.path.startswith(PROVIDERS):
        faults.append(f"{route.path}: is it really for a provider?")
    if route.audience in SIGNED_IN and route.contract and route.contract.body:
        known = route.path in BODIES
        faults += [] if known else [f"{route.path}: give a body in tests/matrix.py"]
    return faults


def owned(route: Route, makers: Mapping[str, Maker] = OWNED) -> list[str]:
    return [name for name in PARAMETER.findall(route.path) if name in makers]


def address(route: Route, things: Mapping[str, str], plain: Mapping[str, str] = PLAIN) -> str:
    return PARAMETER.sub(lambda found: ({**plain, **things})[found[1]], route.path)


class Asker:
    """Asks one application as many people, each of whom signs in once at each door."""

    def __init__(self, client: TestClient, *enterprises: Enterprise) -> None:
        self.client = client
        self._tokens = ChainMap({}, *(one.tokens for one in enterprises))

    async def ask(
        self,
        route: Route,
        path: str,
        openid: str | None,
        given: Mapping[str, object] | None = None,
    ) -> aiohttp.ClientResponse:
        """Ask as this person, through the door that the address belongs to."""
        body = BODIES.get(route.path, {}) if given is None else given
        headers = {"Origin": ORIGIN, "Idempotency-Key": uuid4().hex, "Accept": "application/json"}
        door = Door.MINI if path.startswith("/api/") else Door.H5
        if openid is not None:
            token = await self._token(openid, door)
            if door is Door.MINI:
                headers["Authorization"] = f"Bearer {token}"
            else:
                headers["Cookie"] = f"session={token}"
        more: dict[str, object] = {}
        if route.contract and route.contract.body:
            more["json"] = body
        elif route.method != "GET" and route.path in FILES:
            form = aiohttp.FormData(FILES[route.path])
            form.add_field("file", b"not a picture", filename="a.png", content_type="image/png")
            more["data"] = form
        elif route.method != "GET":
            more["data"] = urlencode(body)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return await self.client.request(
            route.method, path, headers=headers, allow_redirects=False, **more
        )

    async def _token(self, openid: str, door: Door) -> str:
        pages = (openid, Door.H5)  # made for H5, and known there by its openid
        if pages not in self._tokens:
            self._tokens[pages] = (await people.opened(openid)).token
        if (openid, door) not in self._tokens:
            self._tokens[openid, door] = await _as_mini(openid)
        return self._tokens[openid, door]


async def _as_mini(openid: str) -> str:
    """The same person in the mini-program: a unionid joins the two."""
    union = f"union-{openid}"
    await sessions.sign_in(sessions.Known(people.OA, openid, union), Door.H5, now=NOW)
    known = sessions.Known(people.MINI, f"mini-{openid}"[:60], union)
    return (await sessions.sign_in(known, Door.MINI, now=NOW)).token


@dataclass(frozen=True, slots=True)
class Parties:
    """Two enterprises that have whatever an address can name, and who was of the other once.

    They serve all routes: what is asked of them is refused, or only looked at by its own people.
    """

    asker: Asker
    ours: Enterprise
    theirs: Enterprise
    former: Mapping[State, str]


async def parties(client: TestClient) -> Parties:
    ours, theirs = [await found_enterprise() for _ in range(2)]
    former = {state: f"{state.value}-{uuid4().hex}" for state in FORMER}
    for state, openid in former.items():
        await people.put(await people.bind(await theirs.sign_in(openid), theirs.id), state)
    return Parties(Asker(client, ours, theirs), ours, theirs, former)


async def faults(among: Parties, route: Route) -> list[str]:
    """Ask as everybody for everything; what should not have been answered so."""
    if route.audience not in SIGNED_IN:
        return []
    found = []
    answer = await among.asker.ask(route, address(route, among.theirs.things), None)
    to_login = answer.status == 302 and answer.headers["Location"].startswith("/h5/login")
    if answer.status != 401 and not to_login:
        found.append(f"{route.method} {route.path}: nobody gets {answer.status}")
    found += await _of_others(among, route)
    found += await _formerly_theirs(among, route)
    found += await _named_in_the_body(among, route)
    found += await _its_own(among, route)
    return found


async def _of_others(among: Parties, route: Route) -> list[str]:
    """People of another enterprise, and somebody who is of none."""
    found, ours, theirs = [], among.ours, among.theirs.things
    for role, person in (("legal", ours.legal), ("agent", ours.agent), ("unbound", "stranger")):
        mine = {name: str(uuid4()) for name in OWNED} if role == "unbound" else ours.things
        for name in owned(route):
            both = theirs, {**mine, name: theirs[name]}
            for path in dict.fromkeys(address(route, things) for things in both):
                answer = await among.asker.ask(route, path, person)
                told = OTHERWISE.get((route.method, route.path, name), 404)
                if answer.status not in {404, told}:
                    found.append(
                        f"{route.method} {route.path}: {role} of another enterprise gets "
                        f"{answer.status} for a foreign {name}"
                    )
    return found


async def _formerly_theirs(among: Parties, route: Route) -> list[str]:
    """Whoever only says that it is theirs, has lost their phone, or did not renew."""
    found = []
    if "enterprise" not in owned(route):
        return found
    for state, openid in among.former.items():
        answer = await among.asker.ask(route, address(route, among.theirs.things), openid)
        if answer.status not in {404, *_otherwise(route)}:
            found.append(f"{route.method} {route.path}: {state.value} gets {answer.status}")
    return found


async def _named_in_the_body(among: Parties, route: Route) -> list[str]:
    """A file or paper of another enterprise, named from an address that is one's own."""
    found, ours = [], among.ours
    body = BODIES.get(route.path, {})
    for name in IN_BODIES & set(body):
        foreign = {**body, name: among.theirs.things[name]}
        answer = await among.asker.ask(route, address(route, ours.things), ours.legal, foreign)
        if answer.status != 404:
            found.append(f"{route.method} {route.path}: a foreign {name} gets {answer.status}")
    return found


async def _its_own(among: Parties, route: Route) -> list[str]:
    """Those whose it is. What they change is an enterprise of this route alone."""
    if (route.method, route.path) in NOT_FOR_THE_OWNER:
        return []
    found, asker, theirs, names = [], among.asker, among.theirs, owned(route)
    if route.method != "GET":
        theirs = await found_enterprise({})
        asker = Asker(asker.client, theirs)
    personal = [PERSONAL[name] for name in names if name in PERSONAL]
    for owner in personal or (lambda of: of.legal, lambda of: of.agent):
        if route.method != "GET":
            theirs.things = {name: await OWNED[name](theirs) for name in names}  # fresh
        answer = await asker.ask(route, address(route, theirs.things), owner(theirs))
        if answer.status in {401, 403, 404} or answer.status >= 500:
            found.append(f"{route.method} {route.path}: its own people get {answer.status}")
    return found


def _otherwise(route: Route) -> set[int]:
    return {
        told
        for (method, path, _), told in OTHERWISE.items()
        if (method, path) == (route.method, route.path)
    }
