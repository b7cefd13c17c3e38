"""`./run test`: every gate and test, with coverage; more words go to pytest as they are."""

import os
import sys

EVERYTHING = ["-n", "4", "--dist", "worksteal"]


def main() -> None:
    words = sys.argv[1:]
    if not words:
        os.environ["PYTEST_PLUGINS"] = "tests.covering"
    argv = [sys.executable, "-m", "pytest", *(words or EVERYTHING)]
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
