"""`./run test`: every gate and test, with coverage; with more words pytest alone, with these.

The word `--full` is ours: with it the long drills do all that was promised.
"""

import os
import shlex
import sys

from tests import amounts, scratch
from tests.nursery import forked, seedling
from tests.nursery.asking import begin

INTERPRETER = f"{shlex.quote(sys.executable)} -S -m {seedling.__name__}"
EVERYTHING = ["--tx", f"3*popen//python={INTERPRETER}", "--dist", "worksteal"]


def main() -> None:
    words = sys.argv[1:]
    if amounts.WORD in words:
        words.remove(amounts.WORD)
        amounts.ask_for_all()
    if not words:
        scratch.settle()
        os.environ["PYTEST_PLUGINS"] = "tests.covering,tests.judging"
        os.environ[seedling.PLACE] = begin("tests")
        os.environ[forked.PLACE] = begin("product")
    argv = [sys.executable, "-m", "pytest", *(words or EVERYTHING)]
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
