"""The commented configuration to begin with, and the same with a target's own values in it."""

import re
from collections.abc import Mapping
from importlib import resources

from imdoctor.im.sites import site_of_sdkappid, why_site

WIDEST = 119
"""Columns of the example's lines."""
INDENT = "    "
"""Where a target's keys stand."""


def example() -> str:
    """Return the configuration with every option: what is commented out shows its default, or an example where there is none."""
    return resources.files("imdoctor.config").joinpath("example.yaml").read_text("utf-8")


def filled(values: Mapping[str, str | int], *, chosen_by: int | None) -> str:
    """Return the example with a target's values. ``chosen_by`` is the SDKAppID whose number chose the endpoint, if one did."""
    text = example()
    for key, value in values.items():
        text = _with(text, key, _scalar(value))
    if chosen_by is None:
        return text
    why = _comment(why_site(site_of_sdkappid(chosen_by), chosen_by))
    return text.replace(f"\n{INDENT}endpoint:", f"\n{why}\n{INDENT}endpoint:", 1)


def _with(text: str, key: str, value: str) -> str:
    """Return the text with a target's key set, commented out or not; what is said beside it stays in its column."""
    line = re.compile(rf"^(?P<indent> +(?:- )?)(?:# )?{key}: \S+(?P<room> *)(?P<said># .*)?$", re.MULTILINE)

    def put(found: re.Match[str]) -> str:
        made = f"{found['indent']}{key}: {value}"
        column = found.start("said") - found.start()
        return f"{made:<{column - 2}}  {found['said']}" if found["said"] else made

    return line.sub(put, text, count=1)


def _scalar(value: str | int) -> str:
    """Return a value as YAML writes it on a line."""
    import yaml

    # What YAML takes for a line's end (U+0085, U+2028) stands as an escape, or it would be read back as a blank.
    readable = str(value).isprintable()
    return str(yaml.safe_dump(value, allow_unicode=readable, width=10_000)).removesuffix("\n").removesuffix("\n...")


def _comment(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, WIDEST, initial_indent=f"{INDENT}# ", subsequent_indent=f"{INDENT}# "))
