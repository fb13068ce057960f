"""Renderings: a Report in, text out. Nothing here computes a status or an exit code."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from imdoctor.model import Report


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How people want to read: ``width`` in columns. Formats for programs take no notice."""

    width: int = 80
    verbose: bool = False
    colour: bool = False


def _text(report: Report, style: Style) -> str:
    from imdoctor.render.text import render

    return render(report, width=style.width, verbose=style.verbose, colour=style.colour)


def _json(report: Report, style: Style) -> str:  # noqa: ARG001 - a format for programs
    from imdoctor.render.json import render

    return render(report)


def _junit(report: Report, style: Style) -> str:  # noqa: ARG001 - a format for programs
    from imdoctor.render.junit import render

    return render(report)


def _markdown(report: Report, style: Style) -> str:  # noqa: ARG001 - whoever shows it breaks the lines
    from imdoctor.render.markdown import render

    return render(report)


def _github(report: Report, style: Style) -> str:  # noqa: ARG001 - a format for programs
    from imdoctor.render.github import render

    return render(report)


FORMATS: Mapping[str, Callable[[Report, Style], str]] = MappingProxyType(
    {"text": _text, "json": _json, "junit": _junit, "github": _github, "markdown": _markdown}
)
"""Every format by name; each imports its renderer when it is used."""
