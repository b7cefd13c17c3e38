"""Closing an account: what has to stay, how long, and why; told before it is done."""

from dataclasses import dataclass
from datetime import timedelta

CONSENTS_STAY = timedelta(days=3 * 365)  # after they were revoked


@dataclass(frozen=True, slots=True)
class Stays:
    """One thing that closing does not erase."""

    what: str
    how_long: str
    why: str


STAYS = (
    Stays("您给过的同意和撤回的时间", "撤回后 3 年", "法律要求我们能够证明您同意过。"),
    Stays("承诺书上的签名", "承诺结束后至少 5 年", "这是企业作出承诺的凭证，电子签名要可查证。"),
    Stays(
        "企业档案里您办过的事（姓名和时间，没有手机号）",
        "随企业的信用档案保存",
        "证书和公示要查得到依据。",
    ),
    Stays("您替企业交的材料（身份证除外）", "随企业的信用档案保存", "这些是企业的材料。"),
    Stays("操作记录（只有编号）", "长期", "防止有人篡改记录。"),
)
