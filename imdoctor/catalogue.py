"""What every finding code means: the specs that the checks declare, joined; and the sentences made from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from imdoctor.check import Check, Settings, Spec
from imdoctor.speech import filled, retold, say, translated


@dataclass(frozen=True)
class Catalogue:
    """Every declared code with its Spec."""

    specs: Mapping[str, Spec]

    @classmethod
    def of(cls, checks: Iterable[Check]) -> "Catalogue":
        """Join the checks' specs; the registry has seen to it that each code begins with its own check's name."""
        return _joined(tuple(checks))


@lru_cache(maxsize=8)
def _joined(checks: tuple[Check, ...]) -> Catalogue:
    """Join them, once for the many rounds of an agent."""
    return Catalogue({code: spec for check in checks for code, spec in check.findings.items()})


def fill(template: str, settings: Settings, address: str | None, data: Mapping[str, Any]) -> str:
    """Fill a Spec's template in, in the language spoken. What it names and nobody knows is "?": a report is worth more than its grammar."""
    endpoint = settings.endpoint
    known: dict[str, Any] = {
        "host": endpoint.host,
        "port": endpoint.port,
        "endpoint": str(endpoint),
        "address": address or endpoint.host,
        "sdkappid": settings.sdkappid,
        "identifier": settings.identifier,
    }
    known |= {key: _shown(value) for key, value in data.items()}
    return filled(translated(template), lambda field, _: known.get(field, "?"))


def _shown(value: Any) -> Any:  # noqa: ANN401 - a finding's data is whatever JSON holds
    """Show lists as people write them, numbers to four figures, and known words in the language spoken."""
    if isinstance(value, list | tuple):
        return ", ".join(str(_shown(item)) for item in value) or say("none")
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return retold(value) if isinstance(value, str) else value
