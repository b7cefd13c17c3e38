"""A circuit breaker: after several failures in a row, a server is left alone for a while."""

from collections.abc import Callable

FAILURES = 5
PAUSE_S = 10.0


class Breaker:
    """Closed while all is well; open for a pause after too many failures; then one call tries."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._monotonic = monotonic
        self._most = failures
        self._pause_s = pause_s
        self._in_a_row = 0
        self._open_until = 0.0

    def allows(self) -> bool:
        """Ask before each call. After the pause one caller is let through, and the pause begins
        anew: if that caller never comes back with an answer, the next one may try after it."""
        if self._in_a_row < self._most:
            return True
        now = self._monotonic()
        if now < self._open_until:
            return False
        self._open_until = now + self._pause_s
        return True

    def well(self) -> None:
        self._in_a_row = 0

    def ill(self) -> bool:
        """Count a failure; answer whether this one opened the breaker."""
        self._in_a_row += 1
        if self._in_a_row < self._most:
            return False
        self._open_until = self._monotonic() + self._pause_s
        return self._in_a_row == self._most
