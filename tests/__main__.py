"""`./run test`: every gate and test, with coverage; more words go to pytest as they are."""

import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path

from tests.nursery import forked, seedling
from tests.nursery.asking import begin

TOOLS = Path(".state/tools")
INTERPRETER = f"{shlex.quote(sys.executable)} -S -m {seedling.__name__}"
EVERYTHING = ["--tx", f"4*popen//python={INTERPRETER}", "--dist", "worksteal"]


def main() -> None:
    words = sys.argv[1:]
    if not words:
        os.environ["PYTEST_PLUGINS"] = "tests.covering"
        os.environ[seedling.PLACE] = begin("tests")
        os.environ[forked.PLACE] = begin("product")
    if "TEST_TOOLS" in os.environ:
        await_tools(int(os.environ.pop("TEST_TOOLS")))
    argv = [sys.executable, "-m", "pytest", *(words or EVERYTHING)]
    os.execv(argv[0], argv)


def await_tools(pid: int) -> None:
    """The browser and its like, which `./run` installs meanwhile; what went wrong it has said."""
    with suppress(ChildProcessError):  # the shell has seen its end already
        os.waitpid(pid, 0)
    if not TOOLS.exists():
        sys.exit(1)


if __name__ == "__main__":
    main()
