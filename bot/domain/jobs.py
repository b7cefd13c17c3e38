"""When to try again, and when to stop trying."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retry:
    """Delays that grow, and end: seven attempts spread over about eleven hours by default."""

    first: timedelta = timedelta(seconds=10)
    factor: int = 5
    most: int = 6

    def after(self, attempts: int) -> timedelta | None:
        """How long to wait after this many failed attempts; None when it was the last."""
        if attempts > self.most:
            return None
        delay: timedelta = self.first * self.factor ** (attempts - 1)
        return delay
