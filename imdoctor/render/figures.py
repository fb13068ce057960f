"""Figures by Prometheus' rules: families with their names and labels, the samples in them, and both text formats."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

LONGEST_VALUE = 200
"""Characters of a label's value; what is longer is cut."""
UNITS = ("seconds", "bytes", "ratio")

Kind = Literal["gauge", "counter", "info"]
Form = Literal["plain", "openmetrics"]


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """What figures of one name have in common. ``name`` is without the ``_total`` of a counter and the ``_info`` of an info."""

    name: str
    kind: Kind = "gauge"
    help: str
    labels: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The name as it stands in the text."""
        return self.name + {"gauge": "", "counter": "_total", "info": "_info"}[self.kind]

    @property
    def unit(self) -> str:
        """The unit that the name ends in, "" for none."""
        return next((unit for unit in UNITS if self.name.endswith(f"_{unit}")), "")


@dataclass
class Figures:
    """Samples by family, in the order in which the families came. Of two with the same labels the first counts.

    ``owners`` tells which names are taken, by whom; several figures that are shown together share it.
    """

    owners: dict[str, Family] = field(default_factory=dict)
    families: dict[str, Metric] = field(default_factory=dict)
    _known: set[tuple[str, frozenset[tuple[str, str]]]] = field(default_factory=set)

    def owns(self, family: Family) -> bool:
        """Tell whether a family may have its name: it has it already, or nobody has."""
        return self.owners.setdefault(stem(family), family) == family

    def add(self, family: Family, value: float | None, **labels: str | None) -> None:
        """Add a sample. A value that was not measured is left out, and so is a label that is not known."""
        given = {name: printable(text) for name, text in labels.items() if text}
        key = (family.shown, frozenset(given.items()))
        if value is None or key in self._known:
            return
        self._known.add(key)
        metric = self.families.get(family.shown)
        if metric is None:
            metric = Metric(family.name, family.help, family.kind, family.unit)
            self.families[family.shown] = metric
        metric.add_sample(family.shown, given, float(value))

    def one_hot(self, family: Family, words: Iterable[str], word: str, **labels: str) -> None:
        """Add a sample for each word that a status may be: 1 for the one that it is, 0 for the others."""
        for one in words:
            self.add(family, float(one == word), **labels, status=one)


def stem(family: Family) -> str:
    """Return what two families must not share: OpenMetrics keeps these endings for itself."""
    return re.sub(r"(_(info|total|created|count|sum|bucket|gcount|gsum))+$", "", family.shown)


def taken(families: Iterable[Family]) -> dict[str, Family]:
    """Return the names of families as taken."""
    return {stem(family): family for family in families}


@dataclass(frozen=True, eq=False)
class _Taken(Collector):
    """A collector of what was taken already."""

    metrics: tuple[Metric, ...]

    def collect(self) -> Iterable[Metric]:
        return self.metrics


def exposed(metrics: Iterable[Metric], form: Form = "plain") -> str:
    """Return families as text: the old format (0.0.4), which every reader knows, or OpenMetrics 1.0.0."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Taken(tuple(metrics)))
    if form == "plain":
        return generate_latest(registry).decode()
    made: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves this one untyped
    return made.decode()


def printable(text: str) -> str:
    """Return a label's value: of bounded length, with what cannot be printed written out as escapes."""
    if not text.isprintable():
        text = "".join(one if one.isprintable() else _escaped(one) for one in text)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def word(text: str) -> str:
    """Return a text as a part of a metric's name, or as a label's name: letters, digits and single underscores."""
    return re.sub(r"[^a-zA-Z0-9]+", "_", text).strip("_").lower() or "unnamed"


def label_names(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels under names that Prometheus takes: no digit first, none of its own two underscores."""
    named = {word(name): text for name, text in labels.items()}
    return {f"label_{name}" if name[0].isdigit() else name: text for name, text in named.items()}
