"""Renderings: a Report in, text out. Nothing here computes a status or an exit code."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

import msgspec

from imdoctor.model import Report


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How people want to read: ``width`` in columns, ``quiet`` for a line of each target. Formats for programs take no notice."""

    width: int = 80
    verbose: bool = False
    quiet: bool = False
    colour: bool = False


def _text(report: Report, style: Style) -> str:
    if style.quiet:
        from imdoctor.render import short

        return short.render(report, colour=style.colour)
    from imdoctor.render.page import render

    return render(report, width=style.width, verbose=style.verbose, colour=style.colour)


def _module(name: str) -> Callable[[Report, Style], str]:
    """Return the rendering of a module in this package, which is imported when it is used. The style is people's matter."""

    def rendered(report: Report, style: Style) -> str:
        del style
        render: Callable[[Report], str] = import_module(f"imdoctor.render.{name}").render
        return render(report)

    return rendered


FORMATS: Mapping[str, Callable[[Report, Style], str]] = MappingProxyType(
    {
        "text": _text,
        **{name: _module(name) for name in ("json", "junit", "github", "nagios", "prometheus", "markdown", "html")},
    }
)
"""Every format by name; each imports its renderer when it is used."""
FOR_PROGRAMS = frozenset({"json", "prometheus"})
"""Formats that are English whatever language is spoken."""
