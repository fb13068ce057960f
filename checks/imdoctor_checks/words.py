"""How findings and summaries put figures into words."""

DAY = 86400.0


def duration(seconds: float) -> str:
    """Return a duration in its largest fitting unit: 45 s, 12 min, 3.5 h, 21 days, 4.0 years."""
    for size, unit in ((365.25 * DAY, "years"), (DAY, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.{0 if seconds >= 10 * size else 1}f} {unit}"
    return f"{seconds:.0f} s"
