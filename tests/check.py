"""The gates: style, types, imports, and promises about the code itself. `./run check` runs them."""

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(sysconfig.get_path("scripts"))


@dataclass(frozen=True, slots=True)
class Gate:
    """A tool that judges the whole tree."""

    name: str
    words: tuple[str, ...]

    def complaints(self) -> str:
        """What it says when it does not hold, else nothing."""
        argv = [str(TOOLS / self.words[0]), *self.words[1:]]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        except OSError as error:
            return f"{argv[0]} cannot be started: {error}"
        return (done.stdout + done.stderr or "it failed") if done.returncode else ""


GATES = (
    Gate("types", ("mypy",)),
    Gate("imports", ("lint-imports",)),
    Gate("style", ("ruff", "check", ".")),
    Gate("format", ("ruff", "format", "--check", "-q", ".")),
)
# Promises about the code itself; how much of it is covered shows only when every test has run.
PROMISES = ("test_house_rules", "test_surface", "test_config", "test_messages", "test_openapi")
HOUSE_RULES = [sys.executable, "-m", "pytest", "-q", "-n", "0"]
HOUSE_RULES += [f"tests/unit/{name}.py" for name in PROMISES]


def gates() -> bool:
    """Try every gate, and say why one does not hold."""
    hold = True
    for gate in GATES:
        why = gate.complaints()
        print(f"✗ {gate.name}\n{why}" if why else f"✓ {gate.name}", flush=True)
        hold = hold and not why
    return hold


if __name__ == "__main__":
    hold = gates()
    sys.exit(not hold or subprocess.run(HOUSE_RULES, check=False).returncode)
