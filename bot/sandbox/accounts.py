"""The two simulated accounts, by the names that their callbacks have."""

from enum import StrEnum


class Account(StrEnum):
    SERVICE = "oa"
    MINI = "mini"


ORIGINAL_ID = {Account.SERVICE: "gh_5a4d0b0c0ffe", Account.MINI: "gh_5a4d0b0c0fff"}
ACCOUNT = ORIGINAL_ID[Account.SERVICE]
MINI_FORM = "mini_form"  # in the ledger: "json" (as it is without) or "xml"
CALLBACKS = {account: f"/hooks/wechat/{account}" for account in Account}
