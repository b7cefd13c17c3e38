"""For schemathesis: each valid idempotency key becomes a new one, or all but one are refused."""

import re
from itertools import count

import schemathesis

HEADER = "Idempotency-Key"
_numbers = count()


@schemathesis.hook
def before_call(_context, case, _kwargs):
    key = (case.headers or {}).get(HEADER)
    if isinstance(key, str) and re.fullmatch(r"[\w-]{8,64}", key, re.ASCII):
        case.headers[HEADER] = f"key-{next(_numbers):012}"
