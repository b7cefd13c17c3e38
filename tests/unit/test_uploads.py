"""The reader of multipart bodies, however the network cuts them."""

from contextlib import ExitStack
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import BadInput
from bot.handlers.uploads import UPLOAD_LIMITS, Parts, _Body, _read

MARK = b"\r\n--cut"


class Pieces:
    """A stream that arrives in given pieces."""

    def __init__(self, body: bytes, cuts: list[int]) -> None:
        at = sorted({cut % (len(body) + 1) for cut in cuts} | {0, len(body)})
        self._pieces = [body[a:b] for a, b in pairwise(at)]

    async def readany(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def written(fields: dict[str, str], files: list[tuple[str, bytes]]) -> bytes:
    parts = [(f'name="{name}"', text.encode()) for name, text in fields.items()]
    parts += [(f'name="file"; filename="{name}"', data) for name, data in files]
    body = b"".join(
        b"--cut\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n"
        for head, data in parts
    )
    return body + b"--cut--\r\n"


async def read(body: bytes, cuts: list[int]) -> tuple[Parts, list[bytes]]:
    with ExitStack() as files:
        parts = await _read(_Body(Pieces(body, cuts), UPLOAD_LIMITS), MARK, UPLOAD_LIMITS, files)
        return parts, [upload.file.read() for upload in parts.files]


# Data made of what boundaries are made of, so that near misses are common.
DATA = st.text(alphabet="\r\n-cutx", max_size=40).map(str.encode).filter(lambda d: MARK not in d)
NAMES = st.text(alphabet="ab名", min_size=1, max_size=5)


@given(
    st.dictionaries(NAMES, DATA.map(bytes.decode), max_size=3),
    st.lists(st.tuples(NAMES, DATA), max_size=3),
    st.lists(st.integers(0, 2000), max_size=30),
)
async def test_what_was_written_is_read_wherever_the_network_cuts(fields, files, cuts):
    parts, contents = await read(written(fields, files), cuts)

    assert parts.fields == fields
    assert [upload.filename for upload in parts.files] == [name for name, _ in files]
    assert contents == [data for _, data in files]
    assert [upload.size for upload in parts.files] == [len(data) for _, data in files]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=10))
async def test_rubbish_is_bad_input_and_nothing_else(rubbish, cuts):
    with pytest.raises(BadInput):
        await read(b"?" + rubbish, cuts)


@given(st.integers(0, 10_000))
async def test_a_body_that_ends_early_is_bad_input(end):
    whole = written({"a": "1"}, [("b", b"2")])

    with pytest.raises(BadInput):
        await read(whole[: end % (len(whole) - len("--\r\n"))], [])


@pytest.mark.parametrize(
    "body",
    [
        b'--cut\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--cut--',
        b'--cut\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--cut--',
        b'--cut\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--cutx--',
        written({"a": "1"}, [])[:-9] + written({"a": "2"}, []),
        b"--cut\r\nContent-Type: text/plain\r\n\r\nx\r\n--cut--",
    ],
    ids=["text", "name", "boundary", "twice", "nameless"],
)
async def test_a_bad_part_is_bad_input(body):
    with pytest.raises(BadInput):
        await read(body, [])
