"""What a check saw, for people: on one line where there is room, else entry by entry, without what was not seen."""

from collections.abc import Iterator, Sequence

from imdoctor.render.wrap import columns, cut, wrap

LONGEST_VALUE = 100
"""Columns of one text in an observation: a page's body or a certificate is cut."""
LEAST_ROOM = 24
"""Columns that entries need beside their indent: what lies deeper is told on one line, which is broken anywhere."""
MILLION = 1e6


def flow(seen: object) -> str:
    """Return an observation on one line, without what was not seen; "" for nothing."""
    if seen is None or seen in ({}, [], ()):
        return ""
    if isinstance(seen, dict):
        parts = [f"{key}: {told}" for key, value in seen.items() if (told := flow(value))]
        return f"{{{', '.join(parts)}}}" if parts else ""
    if isinstance(seen, list | tuple):
        return f"[{', '.join(flow(item) or 'null' for item in seen)}]"
    if isinstance(seen, bool):
        return "true" if seen else "false"
    if isinstance(seen, float):
        return f"{seen:.6g}" if abs(seen) < MILLION else f"{seen:.0f}"
    return cut(str(seen), LONGEST_VALUE)


def outline(seen: object, width: int, indent: str) -> Iterator[str]:
    """Yield an observation in lines of at most ``width`` columns: short entries side by side, a long one with its own below it."""
    if width - columns(indent) < LEAST_ROOM:
        yield from wrap(flow(seen), width, indent)
        return
    short: list[str] = []
    for head, value in _entries(seen):
        told = flow(value)
        line = f"{head} {told}"
        if isinstance(value, dict | list | tuple) and columns(indent + line) > width:
            yield from _packed(short, width, indent)
            short = []
            yield from wrap(head, width, indent)
            yield from outline(value, width, f"{indent}  ")
        elif told:
            short.append(line)
    yield from _packed(short, width, indent)


def _entries(seen: object) -> Iterator[tuple[str, object]]:
    if isinstance(seen, dict):
        yield from ((f"{cut(str(key), LONGEST_VALUE)}:", value) for key, value in seen.items())
    else:
        yield from (("-", value) for value in (seen if isinstance(seen, list | tuple) else (seen,)))


def _packed(entries: Sequence[str], width: int, indent: str) -> Iterator[str]:
    """Yield entries side by side, one that starts with a dash on a line of its own."""
    line = ""
    for entry in entries:
        longer = f"{line}, {entry}" if line else entry
        if line and (entry.startswith("-") or columns(indent + longer) > width):
            yield from wrap(line, width, indent, f"{indent}  ")
            longer = entry
        line = longer
    if line:
        yield from wrap(line, width, indent, f"{indent}  ")
