"""`python -m tests.bench NAME`: runs one benchmark; without a name, lists them."""

import sys
from importlib import import_module

NAMES = {
    "callback": "the callback path against a bare handler, the codec against wechatpy; 2 minutes",
    "callgrind": "instructions per message, ours against wechatpy's; half a minute",
    "certificates": "issuing 230,000 certificates against signatures and COPY; 2 minutes",
    "documents": "signed certificates a second, memory over 2,000 of them; two minutes",
    "poison": "how long others wait beside 500 poisoned files and workbooks; two minutes",
    "pushes": "200,000 pushes under kills, WeChat's API hanging: one effect each; 10 minutes",
    "rescoring": "re-scoring 230,000 enterprises against reading their facts; 5 minutes",
    "roster": "a member roster of 230,000 rows, new, again, and of the next year; 2 minutes",
    "scoring": "one score against generated code, a loop by hand and json-logic; half a minute",
    "searching": "names among 230,000 members: whole, in part, misspelt; a minute",
    "verification": "checking a certificate, page and JSON, against a bare handler; 3 minutes",
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
