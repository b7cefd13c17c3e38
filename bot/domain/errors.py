"""Every refusal the product can give, each with a stable code and a sentence for people."""


class DomainError(Exception):
    """A refusal: the request was understood and is not granted. Its code never changes."""

    code = "refused"
    message = "这项操作现在不能进行。"

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        super().__init__(message or self.message)
        self.field = field


class NotFound(DomainError):
    """Missing, or not the asker's: the two look the same."""

    code = "not_found"
    message = "没有找到您要的内容。"


class BadInput(DomainError):
    """What was sent cannot be read; the message says which part and what to do."""

    code = "bad_input"
    message = "填写的内容有误，请检查后再提交。"


class TooLarge(DomainError):
    code = "too_large"
    message = "内容太大，请缩小后再试。"


class TooSlow(DomainError):
    """The sender took longer than the deadline to deliver what it began to send."""

    code = "too_slow"
    message = "上传中断，请检查网络后再试。"


class BadSignature(DomainError):
    """A callback that cannot prove where it comes from."""

    code = "bad_signature"
    message = "签名不符。"


class ForeignOrigin(BadSignature):
    """A browser sent this from a page that is not ours, or would not say from which."""

    code = "foreign_origin"
    message = "这个操作不是从本站页面发起的，请回到页面上重新操作。"


class NotSignedIn(DomainError):
    """No session, or one that is over: signing in again helps."""

    code = "not_signed_in"
    message = "登录已失效，请重新登录。"


class NotAgreed(DomainError):
    """Signed in, and today's privacy text has still to be agreed to."""

    code = "privacy_not_agreed"
    message = "请您先阅读并同意“使用信用服务”的说明，再做一次刚才的操作。"


class TooMany(DomainError):
    code = "too_many"
    message = "操作太频繁，请稍后再试。"


class Stale(DomainError):
    """Somebody was faster: nothing was written."""

    code = "stale"
    message = "内容刚刚被更新，请刷新后再试。"


class Unavailable(DomainError):
    """Our fault and passing: the same request may succeed a little later."""

    code = "unavailable"
    message = "现在有点忙，请稍后再试。"
