"""What came of a world: was its truth seen, and is imdoctor's diagnosis right?"""

import json
import re
import shlex
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from tests.lab.build import Built, standing
from tests.lab.model import World
from tests.lab.network import COMMAND, leave

FAILS = 2


class Named(msgspec.Struct, frozen=True):
    """A cause that imdoctor named."""

    cause: str
    severity: str
    confidence: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one world."""

    world: str
    expected: tuple[str, ...]
    allowed: tuple[str, ...] = ()
    named: tuple[Named, ...] = ()
    exit_code: int | None = None
    untrue: tuple[str, ...] = ()
    """Looks at the truth that did not show what was planted: the world is not what it says."""
    error: str | None = None
    """Why the world could not be built, or imdoctor gave no report."""
    seconds: float = 0.0
    report: dict[str, Any] | None = None

    @property
    def told(self) -> tuple[str, ...]:
        """The causes named, but for those that a chance of timing may add."""
        return tuple(one.cause for one in self.named if one.cause in self.expected or one.cause not in self.allowed)

    @property
    def first_right(self) -> bool:
        """Whether the first cause is the right one; in a healthy world, whether there is none."""
        return self.told[:1] == self.expected[:1]

    @property
    def right(self) -> bool:
        """Whether everything is right: the truth, each cause and their order, the exit code."""
        fails = any(one.severity == "fail" for one in self.named)
        exits = self.exit_code == (FAILS if fails else 0)
        return not self.error and not self.untrue and self.told == self.expected and exits


def live(world: World) -> Outcome:
    """Build a world in namespaces of this process's own, look at the truth, run imdoctor, and judge it."""
    started = time.monotonic()
    outcome = Outcome(world=world.name, expected=world.expect, allowed=world.allow)
    with tempfile.TemporaryDirectory(prefix="imdoctor-world-") as name:
        try:
            leave()
            Path(name).chmod(0o755)
            with standing(world, Path(name)) as built:
                outcome = _judged(built, outcome)
        except Exception as error:  # noqa: BLE001 - one world that falls down must not take the others with it
            outcome = msgspec.structs.replace(outcome, error=f"{type(error).__name__}: {error}")
    return msgspec.structs.replace(outcome, seconds=time.monotonic() - started)


def _judged(built: Built, outcome: Outcome) -> Outcome:
    before = _untrue(built, after=False)
    client = built.hosts["client"]
    done = subprocess.run(
        client.command(*built.command),
        env={**client.environ, **built.environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND,
    )
    untrue = before + _untrue(built, after=True)
    if not done.stdout.startswith("{"):
        return msgspec.structs.replace(
            outcome, untrue=untrue, error=f"exit code {done.returncode}: {done.stderr[-600:]}"
        )
    report = json.loads(done.stdout)
    named = tuple(Named(c["cause"], c["severity"], c["confidence"]) for c in report["targets"][0]["diagnosis"])
    return msgspec.structs.replace(outcome, named=named, exit_code=done.returncode, untrue=untrue, report=report)


def _untrue(built: Built, *, after: bool) -> tuple[str, ...]:
    """Return what the looks at the truth do not show."""
    wrong = []
    for truth in (truth for truth in built.world.truth if truth.after is after):
        said = built.run(truth.host, truth.script)
        if not re.search(truth.says, said):
            wrong.append(f"{truth.host}$ {truth.script}\n  lacks {truth.says!r}: {shlex.quote(said.strip()[-400:])}")
    return tuple(wrong)
