"""imdoctor finds out why calls to the Tencent Cloud IM RESTful API time out or are refused: the author's API."""

from imdoctor.check import (
    Check,
    Context,
    Egress,
    Finding,
    Judged,
    Observation,
    Settings,
    Spec,
    Summary,
    pick,
)
from imdoctor.config.model import Seconds
from imdoctor.model import Measurement, Severity, Status

__version__ = "0.1.0"

__all__ = [
    "Check",
    "Context",
    "Egress",
    "Finding",
    "Judged",
    "Measurement",
    "Observation",
    "Seconds",
    "Settings",
    "Severity",
    "Spec",
    "Status",
    "Summary",
    "__version__",
    "pick",
]
