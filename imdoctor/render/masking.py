"""A report without any secret: masked value by value, since in a rendering a line's end could cut one in two."""

from typing import Any

import msgspec

from imdoctor.config.secrets import Mask
from imdoctor.model import Report


def masked(report: Report, mask: Mask) -> Report:
    """Return a report without any of the mask's secrets."""
    if not mask.forms:
        return report
    return msgspec.convert(_masked(msgspec.to_builtins(report), mask), Report)


def _masked(value: Any, mask: Mask) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {_masked(key, mask): _masked(item, mask) for key, item in value.items()}
    return [_masked(item, mask) for item in value] if isinstance(value, list | tuple) else value
