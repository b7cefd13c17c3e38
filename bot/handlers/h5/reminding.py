"""Which notices a page may ask to be allowed: those that tell of an end that comes nearer."""

from bot.config import Config
from bot.domain.telling import Channel

DUE = ("certificate_expires", "annual_review_due")


def reminders(config: Config) -> str:
    """The templates as WeChat's button takes them; "" when this account has none for them."""
    found = (config.template_id(message, Channel.SUBSCRIPTION) for message in DUE)
    return ",".join(filter(None, found))
