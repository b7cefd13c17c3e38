"""The circuit breaker: closed, open, and one call that tries."""

from bot.clients.breaker import Breaker


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(watch: Watch) -> Breaker:
    breaker = Breaker(monotonic=watch, failures=3, pause_s=10)
    for _ in range(3):
        breaker.ill()
    return breaker


def test_it_opens_after_failures_in_a_row_only():
    breaker = Breaker(monotonic=Watch(), failures=3, pause_s=10)

    told = [breaker.ill(), breaker.ill()]
    breaker.well()
    told += [breaker.ill(), breaker.ill(), breaker.allows(), breaker.ill(), breaker.allows()]

    assert told == [False, False, False, False, True, True, False]


def test_after_the_pause_one_call_tries_and_its_success_closes_it():
    watch = Watch()
    breaker = opened(watch)
    watch.now += 10

    first, second = breaker.allows(), breaker.allows()
    breaker.well()

    assert (first, second, breaker.allows()) == (True, False, True)


def test_a_call_that_tries_in_vain_begins_another_pause():
    watch = Watch()
    breaker = opened(watch)
    watch.now += 10
    breaker.allows()
    watch.now += 5

    opened_again = breaker.ill()
    watch.now += 9
    early = breaker.allows()
    watch.now += 1

    assert (opened_again, early, breaker.allows()) == (False, False, True)
