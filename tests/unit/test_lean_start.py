"""What a web process must not carry: parts of the program that only other processes use."""

import json
import subprocess
import sys

HEAVY = ("fontTools", "lxml", "numpy", "openpyxl", "playwright", "pyhanko", "pypdfium2", "pytest",
         "sqlite3", "tortoise.migrations", "typst", "zxingcpp", "bot.sandbox", "bot.jail.__main__",
         "bot.services.demo")  # fmt: skip
STARTED = """
import json, sys
import bot.__main__, bot.commands.processes, bot.web
print(json.dumps(sorted(sys.modules)))
"""


def test_a_web_process_carries_nothing_that_only_others_use():
    done = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, check=True)

    loaded = json.loads(done.stdout)
    assert [
        name for name in loaded if any(name == one or name.startswith(f"{one}.") for one in HEAVY)
    ] == []
    assert "bot.routes" in loaded
