"""What every finding code means: the specs that the checks declare, joined; and the IM error codes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from imdoctor.check import Check, Settings, Spec


@dataclass(frozen=True)
class Catalogue:
    """Every declared code with its Spec."""

    specs: Mapping[str, Spec]

    @classmethod
    def of(cls, checks: Iterable[Check]) -> "Catalogue":
        """Join the checks' specs; raises ValueError for a code declared twice or outside its check's name."""
        raise NotImplementedError

    def fill(self, template: str, settings: Settings, address: str | None, data: Mapping[str, Any]) -> str:
        """Fill a Spec's template in."""
        raise NotImplementedError
