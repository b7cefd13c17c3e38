"""How fast one score is, against a generated function, a loop by hand and json-logic, in one run.

Measured for each shipped pack, on the richest of its cases: the engine with its points traced by
part; a generated function on the same records (the yardstick); the same on answers that somebody
has already counted (the floor); on those answers also a loop by hand and json-logic, which must
come to what the floor comes to; the texts of an explanation; the way up and the outlook.
"""

import time
from collections.abc import Callable

from json_logic import jsonLogic

from bot.scoring.engine import compiled, score
from bot.scoring.explain import tell
from bot.scoring.facts import Facts
from bot.scoring.library import shipped_cases, shipped_pack, shipped_wording, versions
from bot.scoring.outlook import outlook
from bot.scoring.way_up import way_up
from tests.bench.scoring_floor import Source, counted
from tests.bench.scoring_rivals import Rows, for_json_logic, hand_loop, json_logic

ROUNDS, CALLS = 9, 400
GOAL_RATIO, GOAL_TEXTS_MS = 5.0, 2.0


def best(call: Callable[[], object], calls: int = CALLS) -> float:
    """Microseconds of one call: the best of several rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        found.append((time.perf_counter() - start) / calls)
    return min(found) * 1e6


def agree(scheme: str, name: str, one: object, other: object) -> None:
    if one != other:
        raise AssertionError(f"{scheme}: {name} does not agree\n{one}\n{other}")


def measure(scheme: str) -> bool:
    pack = shipped_pack(scheme)
    cases = [c for c in shipped_cases(scheme) if isinstance(c.facts, Facts)]
    case = max(cases, key=lambda c: (len(c.facts.usable), c.facts.basis))
    facts, day = case.facts, case.as_of
    functions, result = compiled(pack), score(pack, facts, day)
    plain, floor = (Source(pack, counted=known).function() for known in (False, True))
    answers = counted(pack, facts, day)
    rows = Rows(pack)
    loop, rules = hand_loop(rows), json_logic(rows, jsonLogic)
    loose = for_json_logic(answers)
    agree(scheme, "generated", plain(facts.usable, day), (result.trace, result.units, result.rung))
    agree(scheme, "loop by hand", loop(answers), floor(answers, day))
    agree(scheme, "json-logic", rules(loose), floor(answers, day))

    engine = best(lambda: score(pack, facts, day))
    rivals = {
        "generated, same records": best(lambda: plain(facts.usable, day)),
        "generated, answers counted before": best(lambda: floor(answers, day)),
        "loop by hand, answers counted": best(lambda: loop(answers)),
        "json-logic, answers counted": best(lambda: rules(loose), 40),
    }
    ratio = engine / rivals["generated, same records"]
    print(f"{scheme}: {len(functions.flat)} parts, {len(facts.records)} records ({case.name})")
    print(f"  {'engine, traced':34}{engine:9.1f} us")
    for name, found in rivals.items():
        print(f"  {name:34}{found:9.1f} us   engine = {engine / found:.2f} x")
    way, changes = way_up(functions, result), outlook(functions, result)
    wording = shipped_wording()
    texts = best(lambda: tell(result, way, changes, wording), 40) / 1000
    whole = best(lambda: (way_up(functions, result), outlook(functions, result)), 10) / 1000
    print(f"  {'explanation texts':34}{texts:9.3f} ms")
    print(f"  {'way up and outlook':34}{whole:9.3f} ms")
    print(f"  {'canonical JSON of the result':34}{best(result.as_json, 40) / 1000:9.3f} ms")
    return ratio <= GOAL_RATIO and texts <= GOAL_TEXTS_MS


def main(_arguments: list[str]) -> int:
    """0 when every pack keeps both goals."""
    kept = [measure(scheme) for scheme in versions()]
    print(f"goals: engine <= {GOAL_RATIO} x generated, texts <= {GOAL_TEXTS_MS} ms:", all(kept))
    return 0 if all(kept) else 1
