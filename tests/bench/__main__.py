"""`python -m tests.bench NAME`: runs one benchmark; without a name, lists them."""

import sys
from importlib import import_module

NAMES = {
    "callback": "the callback path against a bare handler, the codec against wechatpy; 2 minutes",
    "rescoring": "re-scoring 230,000 enterprises against reading their facts; 5 minutes",
    "callgrind": "instructions per message, ours against wechatpy's; half a minute",
    "scoring": "one score against generated code, a loop by hand and json-logic; half a minute",
}


def main(arguments: list[str]) -> int:
    name, *rest = arguments or [""]
    if name not in NAMES:
        print(*(f"{known:12} {what}" for known, what in NAMES.items()), sep="\n")
        return 2 if name else 0
    code: int = import_module(f"tests.bench.{name}").main(rest)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
