"""Which page of ours an answer of the chat leads to."""

from uuid import UUID

# Who is not signed in or has not agreed is asked on the way to ME.
ME, BIND, LOOK_UP = "/h5/me", "/h5/bind", "/v"
CERTIFICATE = "/v/{}"
# What has no page of its own yet is found from the enterprise's; a test asks the router.
OF_ENTERPRISE = {
    "commitment": "/h5/e/{}/commitment",
    "assess": "/h5/e/{}/self",
    "progress": "/h5/e/{}/cases",
    "certificates": "/h5/e/{}/certificates",
    "payment": "/h5/e/{}/cases",
    "reminders": "/h5/e/{}",
}


def of(what: str, enterprise_id: UUID) -> str:
    return OF_ENTERPRISE[what].format(enterprise_id)
