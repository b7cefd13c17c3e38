"""The purposes for which we ask a person's consent, and the texts that they agree to."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256


class Purpose(StrEnum):
    PRIVACY = "privacy"
    """Using the service at all."""
    PHONE = "phone"
    """Taking the phone number from WeChat."""
    IDENTITY = "identity"
    """Identity cards: sensitive personal information, a consent apart (PIPL, art. 29)."""
    PUBLICATION = "publication"
    """Showing a commitment, and that its representative signed it, to everybody (PIPL, art. 25)."""


_IN_WECHAT = {"8": Purpose.PHONE}
"""WeChat's number of a permission that one of our purposes rests on: the phone number. We are told
of the others too (camera, place, address …); whoever takes those back goes on using the service."""


def taken_back(permission: str | None) -> tuple[Purpose, ...]:
    """What a person takes back with one permission of WeChat's, or with all of them (None)."""
    if permission is None:
        return tuple(Purpose)
    return tuple(purpose for number, purpose in _IN_WECHAT.items() if number == permission)


@dataclass(frozen=True, slots=True)
class Text:
    """What is shown. Changed words are a new version: whoever agreed, agreed to the old ones."""

    version: int
    title: str
    words: str
    afterwards: str
    """What stops when the agreement is taken back; shown beside it, and true."""

    @property
    def hash(self) -> str:
        return sha256(f"{self.title}\n{self.words}".encode()).hexdigest()


TEXTS = {
    Purpose.PRIVACY: Text(
        1,
        "使用信用服务",
        "为您办理信用承诺、自评、证书查验等服务，我们需要记录您的微信身份和您提交的企业资料。"
        "这些内容只用于办理您的业务，您可以随时撤回同意。",
        "撤回后，您会马上退出所有设备上的登录；下次登录会重新问您。扫码查验等公开查询照常可用。"
        "已经交来的资料不会因此删除：您个人的，要删除请注销账号；企业的，随企业的信用档案保存。",
    ),
    Purpose.PHONE: Text(
        1,
        "获取手机号",
        "为了核实您是企业联系人、在办理过程中与您联系，我们需要您的手机号。"
        "不同意也可以继续浏览和查验证书；您可以随时撤回同意。",
        "撤回后，我们不再向微信取您的手机号。绑定企业时登记的手机号还留着，要删除请注销账号。",
    ),
    Purpose.IDENTITY: Text(
        1,
        "使用身份证",
        "有的申报要核对法定代表人的身份证。身份证属于敏感个人信息：只用来核对这一项，加密保存，"
        "每次打开都有记录。请只上传您本人的，或者本人同意您提交的。不同意也可以办理其他业务。",
        "撤回后，您不能再上传身份证，工作人员也不能再打开您上传过的；要用它的申报会因此办不下去。"
        "要删除，请撤回申报（满 30 天删除）或者注销账号（马上删除）。",
    ),
    Purpose.PUBLICATION: Text(
        1,
        "公开信用承诺",
        "签署信用承诺后，企业名称、统一社会信用代码、承诺的内容和日期、法定代表人已签字这件事向社会公开，"
        "任何人都可以查看和核验。法定代表人的姓名、签名和公章的图片不公开。",
        "撤回后，您在自己手机上签字、正在公示的信用承诺会马上撤下，证书同时失效；"
        "还没有公示的，您的签字作废，不会再公示。以后签署时会再问您。"
        "其他方式签署的，请在信用承诺页面撤回。",
    ),
}
