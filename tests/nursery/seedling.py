"""What pytest-xdist takes for an interpreter: hands its files over to a process of the nursery.

python -S -m tests.nursery.seedling … -c LINE
"""

import os
import signal
import sys

from tests.nursery.asking import ask

PLACE = "TEST_NURSERY"
CHILD = "tests.nursery.worker"


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which ends the rest
    connection = ask(os.environ[PLACE], CHILD, sys.argv[-1:], os.environ, (0, 1, 2))
    with connection.makefile("rb") as words:
        words.readline()
        return int(words.readline() or 1)


if __name__ == "__main__":
    sys.exit(main())
