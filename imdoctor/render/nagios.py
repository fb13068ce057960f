"""The report as a monitoring plugin's output: one line with performance data, then cause and remedy.

By the Monitoring Plugins Development Guidelines (sections 2 and 2.6) and draft-kaestle-monitoring-plugins-interface-04:
`'label'=value[unit];[warn];[crit];[min];[max]`, with ranges that name what is still good. The exit code is the report's.
"""

import math
from collections import Counter
from collections.abc import Iterator

import msgspec

from imdoctor.model import RANK, Bounds, Measurement, Report, TargetReport, Unit
from imdoctor.render.causes import plain
from imdoctor.render.text import WORDS, chosen, headline, verdict_on
from imdoctor.render.wrap import clean
from imdoctor.speech import mark, say, translated

STATES = {0: "OK", 1: "WARNING", 2: "CRITICAL"}
"""By the exit code, which is what decides: warnings alone are OK without `--fail-on warn`."""
UNITS: dict[Unit, str] = {"seconds": "s", "bytes": "B", "count": "", "ratio": "", "timestamp": ""}
"""The guidelines' units; a number without one is a number of things. What has no unit here is no number."""
LEAST: dict[Unit, str] = {"bytes": "0", "count": "0", "ratio": "0"}
MOST: dict[Unit, str] = {"ratio": "1"}
BAR = "\u00a6"
"""Stands for a bar, which would begin performance data even in the midst of a command."""
NOTE = mark("({bar} stands for the shell's pipe)")


def render(report: Report) -> str:
    """Return the report as a plugin's output, with a line end."""
    causes = [cause for target in report.targets for cause in target.diagnosis]
    first = f" ({max(causes, key=lambda cause: RANK[cause.severity]).cause})" if causes else ""
    said = _barless(clean(f"IMDOCTOR {STATES.get(report.exit_code, 'UNKNOWN')} - {headline(report)}{first}"))
    numbers = " ".join(_performance(report))
    long = [_barless(line) for line in _long(report)]
    note = [translated(NOTE).format(bar=BAR)] if any(BAR in line for line in long) else []
    return "\n".join([f"{said} | {numbers}" if numbers else said, *long, *note]) + "\n"


def _long(report: Report) -> Iterator[str]:
    """Yield each target's causes with their remedy, then its checks."""
    for target in report.targets:
        if len(report.targets) > 1:
            yield clean(verdict_on(target))
        yield from filter(None, [chosen(target)])
        for number, cause in enumerate(target.diagnosis, 1):
            yield from plain(number, cause)
        for check in target.checks:
            said = {"status": WORDS[check.status], "check": check.name, "summary": check.summary or "-"}
            yield clean(say("{status} {check}: {summary}", **said))


def _performance(report: Report) -> Iterator[str]:
    """Yield every number that was measured. What was not is left out, and never 0; a second of one name is numbered."""
    several = len(report.targets) > 1
    count: Counter[str] = Counter()
    for target in report.targets:
        for label, item in _labelled(target, f"{target.name} " if several else ""):
            count[label] += 1
            if item.value is not None and math.isfinite(item.value) and item.unit in UNITS:
                yield _datum(label if count[label] == 1 else f"{label} {count[label]}", item, item.value)


def _labelled(target: TargetReport, prefix: str) -> Iterator[tuple[str, Measurement]]:
    for check in target.checks:
        for item in (one for one in check.measurements if one.unit != "info"):
            words = (check.name, item.name, *item.labels.values())
            yield _label(f"{prefix}{' '.join(words)}"), item


def _label(text: str) -> str:
    """Return a label without what ends one: quotes, equals signs and bars."""
    return clean(text).translate(str.maketrans("'=|", "   ")).strip()


def _datum(label: str, item: Measurement, value: float) -> str:
    warn, fail = _range(item.warn), _range(item.fail)
    fields = (
        f"{_number(value)}{UNITS[item.unit]}",
        warn,
        fail,
        LEAST.get(item.unit, ""),
        MOST.get(item.unit, ""),
    )
    return f"'{label}'={';'.join(fields).rstrip(';')}"


def _range(bounds: Bounds | msgspec.UnsetType) -> str:
    """Return what is good as the guidelines write it: a least of 0 goes without saying, none at all is `~`."""
    if bounds is msgspec.UNSET:
        return ""
    least, most = bounds
    if least == 0 and most is not None:
        return _number(most)
    return f"{'~' if least is None else _number(least)}:{'' if most is None else _number(most)}"


def _number(value: float) -> str:
    """Return a number in figures, signs and points alone: no exponent."""
    whole = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if whole == "-0" else whole


def _barless(line: str) -> str:
    return line.replace("|", BAR)
