"""What the chat says about certificates and members, to anybody who asks or scans.

Whether a certificate holds is asked of the register, as on the public page; a row by itself says
nothing.
"""

from urllib.parse import quote

from bot.domain.certificate_token import PARAMETER
from bot.domain.certificates import NUMBER, State, typed_number
from bot.domain.dates import in_words
from bot.domain.knowledge import fill
from bot.domain.register import Entry, day
from bot.domain.verification import Finding, Outcome, Why, masked_name
from bot.handlers.wechat.asking import Asking
from bot.handlers.wechat.places import CERTIFICATE, LOOK_UP
from bot.services import searching
from bot.services.certificate_programmes import find_programme
from bot.services.searching import Company, Findings

_NOTHING = {Why.WRONG_KEY: "found_untrusted", Why.BAD_SIGNATURE: "found_forged"}


async def search(asking: Asking) -> str:
    """查询 with a name, a number or a code."""
    try:
        found = await searching.search(asking.about, verifier=asking.verifier, now=asking.now)
    except searching.TooShort:
        return asking.words["search_how"]
    return _told(asking, found)


async def scanned(asking: Asking) -> str:
    """A code with an address of ours: what it names and whether we gave it out just so."""
    path, _, query = asking.about.partition("?")
    number = path.rpartition("/")[2]
    link = asking.link(asking.about)
    if not NUMBER.fullmatch(number):
        return fill(asking.words["scanned"], {"link": link})
    if not query:  # somebody's own code: none of ours is without a token
        return fill(asking.words["scanned_unsure"], {"number": number, "link": link})
    token = query.removeprefix(f"{PARAMETER}=")
    found = asking.verifier.by_token(number, token, now=asking.now)
    return _certificate(asking, found, number, link)


def _told(asking: Asking, found: Findings) -> str:
    words = asking.words
    if found.certificate:
        number = typed_number(asking.about)
        link = asking.link(CERTIFICATE.format(number))
        return _certificate(asking, found.certificate, number, link)
    if len(found.companies) == 1:
        return _company(asking, found.companies[0])
    if found.companies:
        names = [company.name for company in found.companies]
        more = [words["part_more"]] if found.more else []
        return fill(words["found_several"], {"names": "\n".join([*names, *more])})
    if found.near:
        return fill(words["found_near"], {"names": "\n".join(found.near)})
    return words["found_no_number"] if found.exact else words["found_nothing"]


def _certificate(asking: Asking, found: Finding, number: str, link: str) -> str:
    """To whoever typed a number only enough to compare with the paper: numbers can be walked."""
    entry, values = found.entry, {"number": number, "link": link}
    if entry is None:
        unsure = found.outcome is Outcome.UNAVAILABLE
        words = "found_unavailable" if unsure else _NOTHING.get(found.why, "found_no_number")
        return fill(asking.words[words], values)
    state = "part_certificate_due" if found.state is State.DUE else "part_certificate"
    shown = {
        "state": fill(asking.words[state], {"state": found.word}),
        "name": entry.name if found.full else masked_name(entry.name),
        "what": _what(entry),
        "since": in_words(day(entry.first)),
        "until": in_words(day(entry.last)),
    }
    told = fill(asking.words["found_certificate"], values | shown)
    return f"{asking.words['part_demonstration']}\n{told}" if found.demonstration else told


def _company(asking: Asking, company: Company) -> str:
    words = asking.words
    values = {
        "name": company.name,
        "member": words["part_member" if company.is_member else "part_no_member"],
        "certificates": _held(asking, company),
        "link": asking.link(f"{LOOK_UP}?q={quote(company.credit_code)}"),
    }
    return fill(words["found_company"], values)


def _held(asking: Asking, company: Company) -> str:
    words = asking.words
    if company.certificates is None:
        return words["part_register_away"]
    held = [
        fill(words["part_case"], {"what": _what(one.entry), "state": state_of(asking, one)})
        for one in company.certificates
        if one.entry
    ]
    return "\n".join(held) or words["part_no_certificate"]


def state_of(asking: Asking, found: Finding) -> str:
    """In a list: what it is called, and that it is worth nothing if it only shows how one looks."""
    if not found.demonstration:
        return found.word
    return f"{found.word}（{asking.words['part_demonstration']}）"


def _what(entry: Entry) -> str:
    return f"{find_programme(entry.programme).name} {entry.level}".rstrip()
