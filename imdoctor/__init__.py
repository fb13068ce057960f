"""imdoctor finds out why calls to the Tencent Cloud IM RESTful API time out or are refused: the author's API.

Each name is imported from its home when it is first used: `imdoctor --help` needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imdoctor.check import (
        Check,
        Context,
        Egress,
        Fact,
        Finding,
        Judged,
        Note,
        Observation,
        Settings,
        Spec,
        Summary,
        pick,
    )
    from imdoctor.config.model import FilePath, Seconds
    from imdoctor.model import Measurement, Severity, Status
    from imdoctor.speech import count, joined, mark, retold, say, translated

__version__ = "0.1.0"

__all__ = [
    "Check",
    "Context",
    "Egress",
    "Fact",
    "FilePath",
    "Finding",
    "Judged",
    "Measurement",
    "Note",
    "Observation",
    "Seconds",
    "Settings",
    "Severity",
    "Spec",
    "Status",
    "Summary",
    "__version__",
    "count",
    "joined",
    "mark",
    "pick",
    "retold",
    "say",
    "translated",
]

_HOMES = {
    **dict.fromkeys(("FilePath", "Seconds"), "imdoctor.config.model"),
    **dict.fromkeys(("Measurement", "Severity", "Status"), "imdoctor.model"),
    **dict.fromkeys(("count", "joined", "mark", "retold", "say", "translated"), "imdoctor.speech"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562
    """Import a public name from its home."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "imdoctor.check")), name)
