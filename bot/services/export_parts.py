"""What a copy of somebody's data holds: a line for each table, and why the others are not in it.

A test reads both lists: a table that belongs to people or enterprises and stands in neither fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from bot.clients.database import fetch


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one table in one copy; `whose` is SQL about `t`, with $1 whose copy it is."""

    name: str
    """Of its file, in words."""
    table: str
    whose: str
    without: tuple[str, ...] = ()
    """Columns that stand in other parts and not in this one."""


# Who of the association did it, what is sealed or a secret, and our own bookkeeping.
HIDDEN = (
    "by", "second", "recorded_by", "created_by", "decided_by", "closed_by", "added_by",
    "ended_by", "ordered_by", "settled_by", "signed_by", "basis_by", "basis_second",
    "saved_by_id", "user_id", "key", "token", "token_hash", "link_hash", "random", "position",
    "changed", "pieces", "phone_sealed", "phone_blind", "signature_sealed", "address_sealed",
    "dedupe_key", "session", "ticket_hash", "trace_id", "result", "older_files",
)  # fmt: skip
_MINE = "(SELECT id FROM app_user WHERE id = $1 OR joined_into_id = $1)"
_WECHAT = f"(t.appid, t.openid) IN (SELECT appid, openid FROM identity WHERE user_id IN {_MINE})"  # noqa: S608
_TOLD = f"(SELECT openid FROM identity WHERE user_id IN {_MINE})"  # noqa: S608  # our own words
_ITS = "t.enterprise_id = $1"

OF_ENTERPRISE: Sequence[Part] = (
    Part("企业", "enterprise", "t.id = $1"),
    Part("企业名称", "enterprise_name", _ITS),
    Part("企业信息", "registration", _ITS),
    Part("会员资格", "membership", _ITS),
    Part("联系人", "binding", _ITS),
    Part("联系人变动", "binding_step",
         "t.binding_id IN (SELECT id FROM binding WHERE enterprise_id = $1)"),
    Part("邀请", "invitation", _ITS),
    Part("信用承诺", "commitment", _ITS),
    Part("自评", "self_assessment", _ITS),
    Part("评分", "assessment", _ITS),
    Part("事实记录", "fact", _ITS),
    Part("没填完的表", "draft", "t.subject = $1 AND t.entries <> '{}'"),
    Part("申报", "credit_case", _ITS),
    Part("申报经过", "case_step", _ITS),
    Part("申报材料", "case_material", _ITS),
    Part("证书", "certificate", _ITS),
    Part("证书变动", "certificate_event", _ITS),
    Part("牌匾", "plaque_order", _ITS),
    Part("打印字体里没有的名称", "rare_text", _ITS),
    Part("文件", "stored_file", f"{_ITS} AND t.kind NOT LIKE 'claim_%'"),
)  # fmt: skip
OF_PERSON: Sequence[Part] = (
    Part("账号", "app_user", f"t.id IN {_MINE}"),
    Part("微信身份", "identity", f"t.user_id IN {_MINE}"),
    Part("登录", "session", f"t.user_id IN {_MINE}"),
    Part("同意", "consent", f"t.user_id IN {_MINE}"),
    Part("企业绑定", "binding", f"t.user_id IN {_MINE}"),
    Part("提交的自评", "self_assessment", f"t.user_id IN {_MINE}"),
    Part("没填完的表", "draft", f"t.subject IN {_MINE}"),
    Part("没传完的文件", "file_upload", f"t.user_id IN {_MINE}"),
    Part("申请用的执照照片", "licence_photo", f"t.user_id IN {_MINE}"),
    Part("资料导出", "export_pack", f"t.user_id IN {_MINE}"),
    Part("服务号", "contact", _WECHAT),
    Part("聊天记录", "inbound_message", _WECHAT),
    Part("进行中的问答", "dialogue", _WECHAT),
    Part("留言", "ticket", _WECHAT),
    Part("消息授权", "subscription_grant", _WECHAT),
    Part("消息授权明细", "grant_entry", _WECHAT),
    Part("消息送达", "receipt", _WECHAT),
    Part("留言的审核", "content_check",
         f"t.subject IN (SELECT id FROM ticket t WHERE {_WECHAT})",  # noqa: S608  # our own words
         without=("why",)),  # what the staff noted for themselves
    Part("发给您的消息", "telling",
         f"(t.service_openid IN {_TOLD} OR t.mini_openid IN {_TOLD})"),
)  # fmt: skip
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "audit_entry": "values stand there as hashes only; the log proves, it does not inform",
        "binding_step": "of a person: in the copy of the enterprise, where the others stand too",
        "file_opening": "written in words, see exports.py",
        "file_piece": "its bytes are in the copy",
        "idempotency_key": "answers of the last day, sealed, all given before",
        "paper": "its bytes are in the copy",
        "roster_contact": "the association's own list of members, kept by the association",
        "scoring_result": "a trial run of the association, not a decision",
        "upload_part": "half a file that its sender still has",
    }
)


async def rows(part: Part, whose: UUID) -> str:
    """The rows as JSON, in the order of writing."""
    [found] = await fetch(
        "SELECT coalesce(jsonb_pretty(jsonb_agg(to_jsonb(t) - $2::text[])), '[]') AS text"  # noqa: S608
        f" FROM (SELECT * FROM {part.table} t WHERE {part.whose}) t",
        whose,
        [*HIDDEN, *part.without],
    )
    return str(found["text"])
