"""Probes in whatever is imported of the product after this: they tell what ran.

A tracer is called for everything that any library does and doubles the time of the whole run.
"""

from slipcover import FileMatcher, ImportManager, Slipcover

SOURCES = ["bot", "models"]
OMIT = ["models/migrations/*"]
NOTHING_TO_RUN = [r"^ *\.\.\.$"]

PROBES = Slipcover(
    branch=True,
    source=SOURCES,
    omit=OMIT,
    exclude_also=NOTHING_TO_RUN,
    d_miss_threshold=1 << 30,  # taking probes out again stalls a test for a third of a second
)
ImportManager(PROBES, FileMatcher(sources=SOURCES, omit=OMIT)).__enter__()
