"""Copies of their own data that people ask for: how long they are kept, how they are fetched."""

from datetime import timedelta

from bot.domain.errors import DomainError

LIVES = timedelta(days=7)  # from the day it was asked for; then the copy is gone
LINK_LIVES = timedelta(minutes=15)
MOST_A_DAY = 3  # of one person
PATIENCE = timedelta(hours=1)  # a copy that is not ready by then may be asked for again
WHY = "导出资料"
MOMENT, PAPERS_WITHIN = timedelta(seconds=3), timedelta(minutes=2)
"""Papers that are printed on demand are waited for, looked at so often and so long."""


class LinkOver(DomainError):
    code = "export_link_over"
    message = "这个下载链接用过了或者过期了。请回到“资料导出”，再点一次“取得下载链接”。"


class NotReady(DomainError):
    code = "export_not_ready"
    message = "资料还在准备，好了以后再来下载。"
