"""The token: one way to write it, everything else refused, and a stranger agrees in each case."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.clients.signer import verify
from bot.domain.certificate_token import (
    BadToken,
    Claim,
    address,
    decode,
    encode,
    is_token,
    key_of,
    message,
    pack,
    take_apart,
    unpack,
    whole_address,
)
from tests import stranger

BASE = "https://cx.example-association.org.cn"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
PUBLIC = PRIVATE.public_key().public_bytes_raw()
CLAIM = Claim(
    number="2026CNEAAA00001",
    key=7,
    random=bytes(range(8)),
    position=123_456,
    valid_from=date(2026, 3, 2),
    valid_to=date(2029, 3, 1),
    scheme="CNE",
    level="AAA",
    code="91330100MA2XXXXX0X",
    name="杭州喆堃䶮铉新材料科技股份有限公司",
)
KEYS = {
    "keys": [
        {
            "kid": "7",
            "purpose": "certificate",
            "x": urlsafe_b64encode(PUBLIC).decode().rstrip("="),
            "verify_until": "2031-01-01T00:00:00+00:00",
            "signs_until": None,
            "compromised_from": None,
        }
    ]
}
MUTATIONS = 10_000


def signed(claim: Claim, base: str = BASE) -> str:
    payload = encode(claim)
    token = pack(payload, PRIVATE.sign(message(base, claim.number, payload)))
    return address(base, claim.number, token)


def ours(url: str) -> Claim | None:
    """What the product would say, register aside."""
    try:
        given = take_apart(url)
        payload, signature = unpack(given.token)
        good = given.base == BASE and key_of(payload) == 7
        if good and verify(PUBLIC, signature, message(BASE, given.number, payload)):
            return decode(given.number, payload)
    except BadToken:
        pass
    return None


def theirs(url: str) -> stranger.Said | None:
    try:
        return stranger.read(url, base=BASE, keys=KEYS, now=NOW)
    except stranger.Refused:
        return None


def claims(count: int) -> list[Claim]:
    random = Random(20260302)
    letters = "杭州喆堃䶮铉新材料科技股份有限公司（）A1𬭎𠮷·"
    return [
        replace(
            CLAIM,
            number=f"{random.randrange(2026, 2060)}CNE{random.choice(('AAA', 'AAX', 'A3P'))}"
            f"{random.randrange(10**5):05d}",
            random=random.randbytes(8),
            position=random.randrange(2**32),
            level=random.choice(("", "A", "AA+", "AAA+", "BBB")),
            scheme=random.choice(("CNE", "SXE", "CNS")),
            name="".join(random.choices(letters, k=random.randrange(1, 100))),
        )
        for _ in range(count)
    ]


def test_everything_comes_back_as_it_was_written_and_a_stranger_reads_the_same():
    for claim in claims(500):
        url = signed(claim)
        said = theirs(url)

        assert ours(url) == claim
        assert (said.number, said.key, said.position) == (claim.number, 7, claim.position)
        assert (said.first, said.last) == (claim.valid_from, claim.valid_to)
        assert (said.scheme, said.level, said.code, said.name) == (
            claim.scheme, claim.level, claim.code, claim.name,
        )  # fmt: skip


def test_a_printed_address_is_short_enough_for_its_qr_code():
    assert len(signed(CLAIM)) <= 260
    assert len(signed(replace(CLAIM, name=CLAIM.name[-12:]))) <= 242


def test_what_people_copy_becomes_a_whole_address():
    url, bases = signed(CLAIM), (BASE, "https://old.example.cn")
    token = take_apart(url).token
    copied = [
        url, f" {url}\n", url.removeprefix("https://"), url.removeprefix(BASE),
        f"{CLAIM.number} {token}", f" {CLAIM.number.lower()}\n{token} ",
    ]  # fmt: skip

    assert {whole_address(one, bases) for one in copied} == {url}
    assert whole_address("old.example.cn/v/x", bases) == "https://old.example.cn/v/x"
    assert whole_address("evil.example/v/x", bases) == "evil.example/v/x"
    assert whole_address("/v/x", ()) == "/v/x"
    assert [is_token(one) for one in (f" {token}\n", url, CLAIM.number, CLAIM.code)] == [
        True, False, False, False,
    ]  # fmt: skip


def test_ten_thousand_mutations_are_refused_by_us_and_by_a_stranger():
    random = Random(1)
    base = [signed(claim) for claim in claims(50)]
    accepted = []
    for _ in range(MUTATIONS):
        url = random.choice(base)
        changed = mutated(url, random)
        if changed != url and (ours(changed) or theirs(changed)):
            accepted.append((url, changed))

    assert accepted == []


def mutated(url: str, random: Random) -> str:
    """One small change somewhere, or a piece of another one."""
    letters = "ABCXYZabcxyz0123456789-_=+/%．Ａ０"
    place = random.randrange(len(url))
    match random.randrange(6):
        case 0:
            return url[:place] + random.choice(letters) + url[place + 1 :]
        case 1:
            return url[:place] + url[place + 1 :]
        case 2:
            return url[:place] + random.choice(letters) + url[place:]
        case 3:
            return url[:place]
        case 4:  # the signature of another certificate
            other = signed(claims(3)[random.randrange(3)])
            return url[:-86] + other[-86:]
        case _:  # a bit of the payload
            head, _, token = url.partition("?t=")
            payload, signature = unpack(token)
            flipped = bytearray(payload)
            flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
            return f"{head}?t={pack(bytes(flipped), signature)}"


@pytest.mark.parametrize(
    "url",
    [
        signed(CLAIM).replace("https://", "http://"),
        signed(CLAIM).replace("cx.example", "cx-example"),
        signed(CLAIM).replace("2026CNEAAA00001", "2O26CNEAAA00001"),
        signed(CLAIM).replace("2026CNEAAA00001", "2026CNEAAA00002"),
        signed(CLAIM).replace("2026CNEAAA", "２０２６CNEAAA"),
        signed(CLAIM).replace("2026CNEAAA", "2026cneAAA"),
        signed(CLAIM) + "&t=" + signed(CLAIM).partition("?t=")[2],
        signed(CLAIM) + "=",
        signed(CLAIM).replace("/v/", "/v//"),
        signed(CLAIM, "https://evil.example"),
        "https://[::1",
        "nothing at all",
        BASE + "/v/2026CNEAAA00001",
        BASE + "/v/2026CNEAAA00001?t=",
        BASE + "/v/2026CNEAAA00001?t=" + "A" * 900,
        BASE + "/v/2026CNEAAA00001?t=" + "A" * 86,
    ],
)
def test_no_look_alike_is_accepted(url):
    assert ours(url) is None
    assert theirs(url) is None


def test_parameters_that_apps_add_do_no_harm():
    assert ours(signed(CLAIM) + "&from=singlemessage") == CLAIM
    assert theirs(signed(CLAIM) + "&from=singlemessage").name == CLAIM.name


def test_the_last_letter_has_spare_bits_that_must_be_nothing():
    url = signed(replace(CLAIM, name="甲乙"))
    token = url.partition("?t=")[2]
    assert len(token) % 4 != 0
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    following = url[:-1] + letters[letters.index(url[-1]) + 1]

    assert (ours(following), theirs(following)) == (None, None)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x02" + encode(CLAIM)[1:],  # another version
        encode(CLAIM) + b"\x00",  # something follows
        encode(CLAIM)[:-1],
        encode(replace(CLAIM, valid_to=date(2026, 3, 1))),  # ends before it begins
        encode(CLAIM)[:19] + b"\x03C\xffE" + encode(CLAIM)[23:],  # not ASCII
        encode(replace(CLAIM, code="91330100MA2XXXXX0O")),  # a letter that codes do not have
        encode(replace(CLAIM, name="甲"))[:-2] + b"\xd8\x00",  # half a character
    ],
)
def test_a_payload_is_refused_even_under_a_good_signature(payload):
    url = address(BASE, CLAIM.number, pack(payload, PRIVATE.sign(
        message(BASE, CLAIM.number, payload))))  # fmt: skip

    assert (ours(url), theirs(url)) == (None, None)


def test_a_claim_without_its_key_is_the_same_for_all_keys():
    assert replace(CLAIM, key=9).without_key() == CLAIM.without_key()
