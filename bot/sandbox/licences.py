"""Business licences read from pictures: a scripted answer, else one made up for the picture."""

import zlib
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.sandbox.answers import OK, Answer, Call, Refused
from bot.sandbox.world import World

LARGEST = 2 * 1000 * 1000
KINDS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
NO_PICTURE, NO_LICENCE = 101000, 101001
SCRIPT = "licences"
# Companies that exist nowhere; their codes have right check characters.
KNOWN: tuple[dict[str, str], ...] = (
    {
        "reg_num": "91140100MA0K9T2X38",
        "enterprise_name": "太原云岫精密机械有限公司",
        "legal_representative": "王建国",
        "type_of_enterprise": "有限责任公司(自然人投资或控股)",
        "address": "山西省太原市小店区示例路18号3幢",
        "registered_capital": "伍佰万圆整",
        "business_scope": "机械零部件加工；货物进出口。",
        "valid_period": "2016年05月12日至长期",
        "registered_date": "2016年05月12日",
    },
    {
        "reg_num": "91110108MA01B2C344",
        "enterprise_name": "北京青禾小微科技有限公司",
        "legal_representative": "李秀英",
        "type_of_enterprise": "有限责任公司(自然人独资)",
        "address": "北京市海淀区示例街5号1层102",
        "registered_capital": "壹佰万元整",
        "business_scope": "技术开发、技术服务。",
        "valid_period": "2017年12月01日至2037年11月30日",
        "registered_date": "2017年12月01日",
    },
)


class Script(BaseModel):
    """The answers to the next pictures, in order: fields as WeChat gives them, or an errcode."""

    model_config = ConfigDict(extra="forbid")

    answers: list[dict[str, str | int]] = Field(max_length=100)


def script(world: World, given: Script) -> int:
    """An empty list forgets what was ordered before."""
    waiting = [*(world.ledger.recall(SCRIPT) or []), *given.answers] if given.answers else []
    world.ledger.remember(SCRIPT, waiting or None)
    return len(waiting)


def read(call: Call) -> Answer:
    picture = call.upload.content if call.upload else b""
    if not picture.startswith(KINDS):
        raise Refused(NO_PICTURE, "invalid image url or image data")
    if len(picture) > LARGEST:
        raise Refused(101002, "image size is too large")
    waiting: list[dict[str, Any]] = call.world.ledger.recall(SCRIPT) or []
    if not waiting:
        return OK | KNOWN[zlib.crc32(picture) % len(KNOWN)]
    call.world.ledger.remember(SCRIPT, waiting[1:] or None)
    if errcode := waiting[0].get("errcode"):
        raise Refused(int(errcode), str(waiting[0].get("errmsg", "refused")))
    return OK | waiting[0]
