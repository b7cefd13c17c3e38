"""The first half of a member's way on a deadly road: from the sign-in to a colleague."""

import re
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from bot.domain import handwriting
from bot.domain.actors import Staff
from bot.sandbox.logins import unionid
from bot.sandbox.people import mini_openid
from bot.services import claim_reviews
from bot.services.certificate_programmes import find_programme
from models import Binding
from tests import applying, people
from tests.doors import LI, WANG
from tests.faults.deadly_road import Phone, Road, hidden
from tests.service.test_commitments import STROKES

STAFF = Staff("王芳")
NAME = "晨星科技有限公司"
LICENCE, LETTER, SEAL = map(applying.page, range(1, 4))


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


class Walk:
    """The legal representative, who does all of it, and the colleague whom they invite."""

    def __init__(self, road: Road, folder: Path) -> None:
        self.road, self.folder = road, folder
        self.wang, self.li = Phone(road, WANG), Phone(road, LI)
        self.firm = ""

    @property
    def api(self) -> str:
        return f"/api/enterprises/{self.firm}"

    @property
    def h5(self) -> str:
        return f"/h5/e/{self.firm}"


async def sign_in(walk: Walk) -> None:
    road, wang = walk.road, walk.wang
    await wang.open_mini()
    road.keep({f"identity {mini_openid(WANG)} 1": unionid(WANG)})
    await wang.api("POST", "/api/consents", json={"purpose": "privacy", "version": 1})
    road.keep({f"consent {WANG} privacy 1 version": 1, f"consent {WANG} privacy 1 stands": True})
    assert (await wang.open_page()).place == "/h5/me"


async def consent(walk: Walk) -> None:
    """Given on a page, taken back in the mini-program, given again there."""
    road, wang = walk.road, walk.wang
    name = f"consent {WANG} identity"
    given = {"purpose": "identity", "version": "1"}
    await wang.post("/h5/consents", given | {"act": "give"})
    road.keep({f"{name} 1 version": 1, f"{name} 1 stands": True})
    road.changes(f"{name} 1 stands")
    await wang.api("DELETE", "/api/consents/identity")
    road.keep({f"{name} 1 stands": False})
    await wang.api("POST", "/api/consents", json={"purpose": "identity", "version": 1})
    road.keep({f"{name} 2 version": 1, f"{name} 2 stands": True})
    await wang.api("POST", "/api/consents", json={"purpose": "phone", "version": 1})
    road.keep({f"consent {WANG} phone 1 version": 1, f"consent {WANG} phone 1 stands": True})
    road.changes(f"consent {WANG} phone 1 stands")
    await wang.post("/h5/consents", {"purpose": "phone", "version": "1", "act": "revoke"})
    road.keep({f"consent {WANG} phone 1 stands": False})


async def bind(walk: Walk) -> None:
    """The form with the photo of the licence, then the letter; the staff believe it."""
    road, wang = walk.road, walk.wang
    typed = {"credit_code": people.code(77), "name": NAME, "role": "legal", "person": "王建国",
             "phone": "13900139000", "legal_representative": "王建国", "founded_on": "2016-05-18",
             "address": "北京市海淀区一号"}  # fmt: skip
    place = (await wang.post("/h5/bind", typed | {"file": LICENCE})).place
    claim = place.rsplit("/", 1)[1]
    name = f"binding {WANG} 1"
    said = {"role": "legal", "person": "王建国", "firm": NAME, "phone": "13900139000",
            "legal": "王建国", "founded": "2016-05-18", "address": "北京市海淀区一号",
            "licence": digest(LICENCE)}  # fmt: skip
    road.keep({f"{name} {one}": value for one, value in said.items()})
    road.keep({f"{name} state": "requested"})
    road.filed(LICENCE, "claim_licence")
    form = {"kind": "letter", "file": LETTER}
    await wang.api("POST", f"/api/claims/{claim}/papers", form=form)
    road.keep({f"{name} letter": digest(LETTER)})
    road.filed(LETTER, "claim_letter")
    await claim_reviews.approve(UUID(claim), actor=STAFF, now=road.now)
    road.keep({f"{name} state": "active", f"message {WANG} binding_moved 1": "已通过"})
    road.keep({"firm version 1": "declared"})
    road.keep({f"firm {one}": said[one] for one in ("legal", "founded", "address")})
    walk.firm = str((await Binding.get()).enterprise_id)
    for association in {people.ASSOCIATION, find_programme(applying.RATING).issuer}:
        await people.join(UUID(walk.firm), association=association)


async def describe(walk: Walk) -> None:
    """Once in the mini-program, then with more on the page, by what stands there."""
    road, wang = walk.road, walk.wang
    page = await wang.page(f"{walk.h5}/details")
    road.changes("firm address")
    said = {"industry": "C13", "staff": 86, "address": "北京市西城区二号", "status": "存续"}
    seen = hidden(page, "seen")
    await wang.api("POST", f"{walk.api}/details", json=said | {"seen": seen})
    road.keep({f"firm {name}": value for name, value in said.items()})
    road.keep({"firm version 2": "declared"})
    page = await wang.page(f"{walk.h5}/details")
    road.changes("firm staff")
    typed = {name: str(value) for name, value in said.items()} | {"staff": "91"}
    more = {"founded_on": "2016-05-18", "revenue": "1200.5", "seen": hidden(page, "seen")}
    await wang.post(f"{walk.h5}/details", typed | more)
    road.keep({"firm staff": 91, "firm revenue": 1200_5000_00, "firm version 3": "declared"})


async def promise(walk: Walk) -> None:
    road, wang = walk.road, walk.wang
    here = f"{walk.h5}/commitment"
    form = {"legal_representative": "王建国", "status": "存续", "agreed": "1", "how": "sign"}
    assert (await wang.post(here, form)).place == f"{here}/sign"
    name = f"consent {WANG} publication 1"
    road.keep({f"{name} version": 1, f"{name} stands": True})
    road.keep({"commitment 1 state": "prepared", "commitment 1 legal": "王建国"})
    await wang.api("POST", f"{walk.api}/commitment/signature", json={"strokes": STROKES})
    road.keep({"commitment 1 strokes": repr(handwriting.read(STROKES))})
    road.changes("commitment 1 state")
    await wang.post(f"{here}/seal", {"file": SEAL})
    road.keep({"commitment 1 seal": digest(SEAL), "commitment 1 state": "published"})
    road.filed(SEAL, "seal")
    road.keep({f"message {WANG} commitment_moved 1": "已公示"})
    road.keep({f"message {WANG} certificate_moved 1": "已签发"})


async def invite(walk: Walk) -> None:
    """Two links: one on a page, which is taken back; one in the mini-program, which is used."""
    road, wang, li = walk.road, walk.wang, walk.li
    page = await wang.page(f"{walk.h5}/colleagues")
    form = {"role": "agent", "number": hidden(page, "number")}
    await wang.post(f"{walk.h5}/invitations", form, status=200)
    road.keep({"invitation agent 1": "open"})
    road.changes("invitation agent 1")
    page = await wang.page(f"{walk.h5}/colleagues")
    [link] = re.findall(r'action="([^"]+/revoke)"', page)
    await wang.post(link, {})
    road.keep({"invitation agent 1": "back"})
    made = await wang.api("POST", f"{walk.api}/invitations", json={"role": "agent"})
    road.keep({"invitation agent 2": "open"})
    link = made["link"].removeprefix(road.url)

    assert (await li.open_page()).place == "/h5/agree?to=me"
    await li.post("/h5/agree", {"to": "me", "version": "1", "act": "give"})
    road.keep({f"consent {LI} privacy 1 version": 1, f"consent {LI} privacy 1 stands": True})
    road.changes("invitation agent 2")
    await li.post(link, {"person": "李秀英"})
    said = {"role": "agent", "state": "active", "person": "李秀英"}
    road.keep({f"binding {LI} 1 {name}": value for name, value in said.items()})
    road.keep({"invitation agent 2": "used"})
    road.keep({f"message {WANG} colleague_moved 1": "有新的经办人加入"})
