"""Which notices a page may ask to be allowed."""

from bot.config import Config
from bot.handlers.h5.reminding import reminders


def test_without_templates_nobody_is_asked():
    assert reminders(Config(sandbox=False)) == ""


def test_those_that_are_set_are_asked_for_together():
    templates = "certificate_expires.subscription=T1,annual_review_due.template=T2"
    both = f"{templates},annual_review_due.subscription=T3"

    assert reminders(Config(sandbox=False, wechat_templates=templates)) == "T1"
    assert reminders(Config(sandbox=False, wechat_templates=both)) == "T1,T3"
