"""The gates: style, types, imports, and promises about the code itself. `./run check` runs them."""

import subprocess
import sys
import sysconfig
from pathlib import Path

TOOLS = Path(sysconfig.get_path("scripts"))
GATES = (
    ("style", [TOOLS / "ruff", "check", "."]),
    ("format", [TOOLS / "ruff", "format", "--check", "-q", "."]),
    ("types", [TOOLS / "mypy"]),
    ("imports", [TOOLS / "lint-imports"]),
)
# Promises about the code itself; how much of it is covered shows only when every test has run.
PROMISES = ("test_house_rules", "test_surface", "test_config", "test_messages", "test_openapi")
HOUSE_RULES = [sys.executable, "-m", "pytest", "-q", "-n", "0"]
HOUSE_RULES += [f"tests/unit/{name}.py" for name in PROMISES]


def gates() -> list[str]:
    """Run every gate; answer the names of those that do not hold, after saying why."""
    fallen = []
    for name, argv in GATES:
        words = [str(part) for part in argv]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        print(f"{'✗' if done.returncode else '✓'} {name}", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr, flush=True)
            fallen.append(name)
    return fallen


if __name__ == "__main__":
    fallen = gates()
    sys.exit(bool(fallen) or subprocess.run(HOUSE_RULES, check=False).returncode)
