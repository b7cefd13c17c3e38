"""Who plays in the demonstration: the simulated phones, and which enterprise plays which part."""

from dataclasses import dataclass
from datetime import date, datetime

from bot.domain.actors import Staff
from bot.domain.workdays import BEIJING
from bot.services.demo_names import NATIONAL, SHANXI, Invented, invented

LOOKED_AT = 200
OTHERS = 13
Contact = tuple[str, str]  # a person and their phone
Contacts = dict[int, tuple[Contact, Contact]]  # number: the 法定代表人 and the 经办人


@dataclass(frozen=True, slots=True)
class People:
    """Who answers for the demonstration."""

    by: Staff
    second: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A simulated phone: its owner, and the number that WeChat vouches for."""

    appid: str
    openid: str
    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Phones:
    """Those with something to show."""

    owner: Phone
    agent: Phone
    lapsed: Phone
    claimant: Phone


@dataclass(frozen=True, slots=True)
class Cast:
    """Which enterprise plays which part."""

    owned: Invented
    """Of the owner's phone; the agent acts for it as well."""
    in_shanxi: Invented
    """The agent acts for this one alone; a member of both associations."""
    lapsed: Invented
    """Not a member any more: its commitment waits for the fee."""
    neighbour: Invented
    """Another member in Shanxi, of nobody's phone."""
    others: tuple[Invented, ...]
    """Members of the national association, of nobody's phone."""

    @property
    def everybody(self) -> tuple[Invented, ...]:
        return (self.owned, self.in_shanxi, self.lapsed, self.neighbour, *self.others)


def cast(count: int, *, now: datetime) -> Cast:
    """The same ones for the same day: good enough to look at, and a few others.

    Whoever is a member has been one since last year: what they did a few weeks ago was free then.
    """
    today = now.astimezone(BEIJING).date()
    some = list(invented(range(min(count, LOOKED_AT)), today=today))
    some = [one for one in some if one.status == "存续"]
    national = [one for one in some if one.association == NATIONAL]
    members = [one for one in some if one.until >= today and one.since < date(today.year, 1, 1)]
    good = [one for one in members if one.quality > 80]
    owned = next(one for one in good if one in national and one.number % 8 == 0)
    shanxi = next(one for one in good if one.association == SHANXI)
    neighbour = next(one for one in members if one.association == SHANXI and one != shanxi)
    lapsed = next(one for one in national if one.until < today)
    running = [one for one in members if one in national and one != owned]
    return Cast(owned, shanxi, lapsed, neighbour, tuple(running[:OTHERS]))


def contacts(played: Cast, phones: Phones) -> Contacts:
    """Whom the rosters name, so that WeChat's word for the number is enough to be believed."""
    known: Contacts = {
        one.number: ((one.legal_representative, number_of(one)), (one.contact, one.phone))
        for one in played.everybody
    }
    owner, agent, lapsed = (
        (phone.name, phone.number) for phone in (phones.owner, phones.agent, phones.lapsed)
    )
    known[played.owned.number] = (owner, agent)
    known[played.in_shanxi.number] = (known[played.in_shanxi.number][0], agent)
    known[played.lapsed.number] = (lapsed, known[played.lapsed.number][1])
    return known


def number_of(one: Invented) -> str:
    """The phone of its legal representative."""
    return f"100{20_000_000 + one.number:08d}"
