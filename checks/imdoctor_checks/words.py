"""How findings and summaries put figures into words."""

from imdoctor import mark, say, translated

DAY = 86400.0
UNITS = (
    (365.25 * DAY, mark("{number} years")),
    (DAY, mark("{number} days")),
    (3600.0, mark("{number} h")),
    (60.0, mark("{number} min")),
)
OUTCOMES = (
    mark("timeout"),
    mark("reset"),
    mark("closed"),
    mark("refused"),
    mark("truncated"),
    mark("private"),
    mark("public"),
    mark("stub"),
    mark("cloud-internal"),
)
"""Words of observations, and kinds of resolvers, that stand in sentences."""
TOPICS = (
    mark("addresses"),
    mark("answer"),
    mark("chain"),
    mark("egress"),
    mark("gateways"),
    mark("protocol"),
    mark("resolvers"),
)
"""The topics of the checks' facts."""


def duration(seconds: float) -> str:
    """Return a duration in its largest fitting unit: 45 s, 12 min, 3.5 h, 21 days, 4.0 years."""
    for size, unit in UNITS:
        if seconds >= 2 * size:
            return translated(unit).format(number=f"{seconds / size:.{0 if seconds >= 10 * size else 1}f}")
    return say("{number:.0f} s", number=seconds)
