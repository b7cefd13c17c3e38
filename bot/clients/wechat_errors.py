"""The two ways in which a call to WeChat fails: it may work later, or it never will as it is."""


class WeChatError(Exception):
    """Carries WeChat's errcode and rid (by which WeChat shows the failed call for seven days)."""

    def __init__(self, what: str, *, errcode: int | None = None, rid: str = "") -> None:
        super().__init__(what)
        self.errcode = errcode
        self.rid = rid


class Transient(WeChatError):
    """The same call may succeed later, if only after a person has mended the account's settings.

    When `uncertain`, it may even have taken effect already.
    """

    def __init__(
        self, what: str, *, errcode: int | None = None, rid: str = "", uncertain: bool = False
    ) -> None:
        super().__init__(what, errcode=errcode, rid=rid)
        self.uncertain = uncertain


class Permanent(WeChatError):
    """The same call will be refused again: something about it must change first."""
