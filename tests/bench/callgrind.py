"""Instructions per message of both callback cycles, counted by valgrind: a figure without noise."""

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.cycles import CYCLES, MEASURED

LIMIT = 0.45  # × the instructions of wechatpy's own cycle
ROOT = Path(__file__).parents[2]
_COLLECTED = re.compile(r"Collected : (\d+)")


def _answer(counts: list[int], *prefix: str) -> str:
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "tests.bench.cycles", *map(str, counts)],
        # Nothing else of our environment, which might be counted too.
        env={"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"the cycles ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stderr


def instructions(counts: list[int]) -> int:
    """Count a whole run of `tests.bench.cycles` that answers so many messages with each codec."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise FileNotFoundError("valgrind is not installed: `./run test` as root installs it")
    report = _answer(counts, valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null")
    found = _COLLECTED.search(report)
    if found is None:
        raise RuntimeError(f"callgrind gave no count:\n{report[-2000:]}")
    return int(found[1])


def per_message() -> dict[str, int]:
    """Count each cycle alone and subtract the run that answers nothing after its warm-up."""
    idle = [0] * len(CYCLES)
    alone = [[MEASURED * (name == other) for other in CYCLES] for name in CYCLES]
    _answer(idle)  # else the first counted run compiles what the others find compiled
    with ThreadPoolExecutor(2) as pool:
        base, *totals = pool.map(instructions, [idle, *alone])
    return {name: (total - base) // MEASURED for name, total in zip(CYCLES, totals, strict=True)}


def main(_arguments: list[str]) -> int:
    counts = per_message()
    ratio = counts["ours"] / counts["wechatpy"]
    held = ratio <= LIMIT
    print(f"ours {counts['ours']:,} instructions a message, wechatpy {counts['wechatpy']:,}")
    print(f"ours / wechatpy {ratio:.3f}, goal {LIMIT}: {'held' if held else 'NOT held'}")
    return 0 if held else 1
