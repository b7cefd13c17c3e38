"""How the jail says no."""

from bot.domain.files import Refusal


class Refused(Exception):
    """The file is not taken."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why
