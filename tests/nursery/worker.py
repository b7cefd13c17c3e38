"""One of the test processes: does what pytest-xdist asks an interpreter to do."""

import sys

if __name__ == "__main__":
    exec(sys.argv[-1], {"__name__": "__main__"})  # as `python -c` does
