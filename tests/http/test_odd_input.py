"""What no page of ours sends is refused in words, and is never a bug of ours."""

from uuid import uuid4

import pytest
from aiohttp import FormData
from yarl import URL

from models import FakeReport
from tests import people
from tests.http.phone import browser, mini

NUL = "李\0强"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/enterprises/{e}/commitment", {"legal_representative": NUL}),
        ("/api/enterprises/{e}/details", {"address": NUL, "seen": "-"}),
        ("/api/claims", {"credit_code": "91350100M000100Y43", "name": "晨星科技有限公司",
                         "role": "agent", "person": NUL, "phone": "13900139000"}),
    ],
)  # fmt: skip
async def test_json_with_a_nul_is_bad_input(client, path, body):
    phone, one = await mini(client), await people.enterprise()
    await people.bind(phone.member.user_id, one)

    status, told = await phone.ask("POST", path.format(e=one), body)

    assert (status, told["error"]["code"]) == (400, "bad_input")


async def test_a_form_or_a_query_with_a_nul_is_bad_input(client):
    phone, one = await browser(client), await people.enterprise()
    await people.bind(phone.member.user_id, one)

    sent = await phone.send(f"/h5/e/{one}/details", {"address": NUL})
    asked = await client.get("/api/public/commitments", params={"words": NUL})

    assert (sent.status, asked.status) == (400, 400)


async def test_a_report_with_a_nul_comes_back_as_a_form(client):
    form = FormData({"place": NUL}, default_to_multipart=True)

    answer = await client.post("/certificates/report", data=form)

    assert answer.status == 422
    assert "不能保存的字符" in await answer.text()
    assert await FakeReport.all().count() == 0


async def test_a_scheme_with_a_nul_is_not_found(client):
    phone, one = await mini(client), await people.enterprise()
    await people.bind(phone.member.user_id, one)

    address = URL(f"/api/enterprises/{one}/self-assessments/a%00b/results", encoded=True)
    status, _ = await phone.ask("POST", address)

    assert status == 404


async def test_numbers_with_thousands_of_digits_are_not_found(client):
    phone, one = await mini(client), await people.enterprise()
    await people.bind(phone.member.user_id, one)
    long = "9" * 5000
    headers = {"Authorization": f"Bearer {phone.token}"}

    part = await client.put(
        f"/api/enterprises/{one}/uploads/{uuid4()}/parts/{long}", headers=headers
    )
    page = await client.get(f"/api/files/{uuid4()}/pages/{long}", headers=headers)

    assert (part.status, page.status) == (404, 404)
