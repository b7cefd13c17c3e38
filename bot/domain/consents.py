"""The purposes for which we ask a person's consent, and the texts that they agree to."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256


class Purpose(StrEnum):
    PRIVACY = "privacy"
    """Using the service at all."""
    PHONE = "phone"
    """Taking the phone number from WeChat."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is shown. Changed words are a new version: whoever agreed, agreed to the old ones."""

    version: int
    title: str
    words: str

    @property
    def hash(self) -> str:
        return sha256(f"{self.title}\n{self.words}".encode()).hexdigest()


TEXTS = {
    Purpose.PRIVACY: Text(
        1,
        "使用信用服务",
        "为您办理信用承诺、自评、证书查验等服务，我们需要记录您的微信身份和您提交的企业资料。"
        "这些内容只用于办理您的业务，您可以随时撤回同意。",
    ),
    Purpose.PHONE: Text(
        1,
        "获取手机号",
        "为了核实您是企业联系人、在办理过程中与您联系，我们需要您的手机号。"
        "不同意也可以继续浏览和查验证书；您可以随时撤回同意。",
    ),
}
