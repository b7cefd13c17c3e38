"""Instructions per message of both callback cycles, counted by valgrind: a figure without noise."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.cycles import CYCLES, MEASURED

LIMIT = 0.45  # × the instructions of wechatpy's own cycle
ROOT = Path(__file__).parents[2]
# Nothing else of our environment, which might be counted too; callgrind and its control meet in the
# temporary folder, so neither has one of its own.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0"}
_COUNTED = re.compile(r"^summary: (\d+)$", re.MULTILINE)


def per_message() -> dict[str, int]:
    """Count both cycles in one run: reading the modules costs far more than all the messages.

    The counting begins when they are read, for it makes everything four times as slow. The cycles
    call `getppid` between their parts, and there callgrind writes down what it has counted: what
    came before the first call, then a file for each cycle.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise FileNotFoundError("valgrind is not installed: `./run test` as root installs it")
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts"
        options = ("--instr-atstart=no", "--dump-before=getppid", f"--callgrind-out-file={counts}")
        _run([valgrind, "--tool=callgrind", *options, sys.executable, "-m", "tests.bench.cycles"])
        parts = [counts.with_name(f"counts.{n}") for n in range(2, len(CYCLES) + 2)]
        found = [_COUNTED.findall(part.read_text(encoding="utf-8")) for part in parts]
    return {name: int(total) // MEASURED for name, (total,) in zip(CYCLES, found, strict=True)}


def _run(argv: list[str]) -> None:
    with subprocess.Popen(
        argv,
        env=ENVIRONMENT,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as cycles:
        assert cycles.stdout is not None
        if cycles.stdout.readline():
            control = Path(argv[0]).with_name("callgrind_control")
            begin = [control, "--instr=on", str(cycles.pid)]
            subprocess.run(begin, env=ENVIRONMENT, capture_output=True, check=True, timeout=60)
        _, said = cycles.communicate("go\n", timeout=300)
    if cycles.returncode:
        raise RuntimeError(f"the cycles ended with {cycles.returncode}:\n{said[-2000:]}")


def main(_arguments: list[str]) -> int:
    counts = per_message()
    ratio = counts["ours"] / counts["wechatpy"]
    held = ratio <= LIMIT
    print(f"ours {counts['ours']:,} instructions a message, wechatpy {counts['wechatpy']:,}")
    print(f"ours / wechatpy {ratio:.3f}, goal {LIMIT}: {'held' if held else 'NOT held'}")
    return 0 if held else 1
