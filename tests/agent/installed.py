"""imdoctor's units in a box: what is configured and installed there, the lab that they call, and what the journal has of them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imdoctor.lab.world import GATEWAY
from tests.agent.box import Box, opened

ROOT = Path(__file__).parents[2]
SERVICES = ("imdoctor.service", "imdoctor-watch.service", "imdoctor-alert@.service")
CONFIG = "/etc/imdoctor/imdoctor.yaml"
REFUSING = 444
"""A port that nobody listens on."""
HANGS = "/run/hang"
"""While this file is there, the tests' own check does not come back."""

CHECK = f"""
import time
from pathlib import Path

from imdoctor import Observation


class Seen(Observation, frozen=True, kw_only=True):
    pass


class Hanging:
    name = "hanging"
    title = "Does this check come back?"
    step = None
    findings = {{}}

    async def observe(self, ctx) -> Seen:
        while Path({HANGS!r}).exists():
            time.sleep(0.1)  # the loop itself stands still, so that no timeout helps
        return Seen()

    def judge(self, seen, settings, others):
        return ()

    def plan(self, ctx):
        return ()


CHECKS = (Hanging(),)
"""

PLUGIN = {
    "hanging.py": CHECK,
    "hanging-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: hanging\nVersion: 1\n",
    "hanging-1.dist-info/entry_points.txt": "[imdoctor.checks]\nhanging = hanging:CHECKS\n",
}
"""A distribution of the tests' own, with the check in it."""


@dataclass(frozen=True)
class Installed:
    """A box with imdoctor's units in it, and the place in its journal from which on a test reads."""

    box: Box
    cursor: str

    def configure(self, *, port: int = 443, more: str = "", every: str = "1h", confirm: int = 2) -> None:
        """Write a configuration with one target, the lab's gateway or a port beside it; ``more`` are further keys of the target."""
        target = f"name: prod, endpoint: 'console.tim.qq.com:{port}', ca_file: /etc/imdoctor/lab/ca.pem, proxy: none"
        schedule = f"every: {every}, confirm: {confirm}"
        text = f"version: 1\ntargets: [{{{target}{more}}}]\nschedule: {{{schedule}}}\nchecks: {{dns: {{third_party: false}}}}\n"
        self.box.write(CONFIG, text)

    def install(self, way: str) -> None:
        """Write the units anew, as the configuration is now."""
        self.box.run(sys.executable, "-m", "imdoctor", "systemd", "install", way)
        self.box.run("systemctl", "daemon-reload")

    def setting(self, unit: str, section: str, *lines: str) -> None:
        """Add a drop-in of the test's own to a unit."""
        self.box.write(f"/etc/systemd/system/{unit}.d/90-test.conf", "\n".join((f"[{section}]", *lines, "")))
        self.box.run("systemctl", "daemon-reload")

    def start(self, unit: str) -> int:
        """Start a unit, and return the exit code of its main process."""
        self.box.run("systemctl", "start", unit, check=False)
        return int(self.box.show(unit, "ExecMainStatus"))

    def journal(self, **fields: str) -> list[dict[str, str]]:
        """Return the journal's entries with these fields since the test began."""
        self.box.run("journalctl", "--sync")
        # Chosen here: journalctl itself passes over the first entry that fits when the cursor's own does not (seen with 252).
        lines = self.box.run(
            "journalctl", "--output=json", "--quiet", f"--after-cursor={self.cursor}"
        ).stdout.splitlines()
        return [entry for entry in map(json.loads, lines) if fields.items() <= entry.items()]

    def said(self, unit: str) -> list[str]:
        """Return what a unit's processes said, line by line."""
        return [entry["MESSAGE"] for entry in self.journal(_SYSTEMD_UNIT=unit)]

    def ended_well(self, unit: str) -> int:
        """Return how often a one-shot unit came to a good end."""
        return len(self.journal(UNIT=unit, JOB_TYPE="start", JOB_RESULT="done"))

    def told(self) -> str:
        """Return everything since the test began, for one that fails."""
        return "\n".join(f"{entry.get('SYSLOG_IDENTIFIER')}: {entry['MESSAGE']}" for entry in self.journal())


@contextmanager
def booted() -> Iterator[Box]:
    """Boot a box with the lab's gateway and resolver in it, and a check that hangs when it is asked to."""
    places = [ROOT, Path(sys.prefix), Path(sys.base_prefix)]
    with opened(places) as box:
        for name, text in PLUGIN.items():
            box.write(f"/etc/plugin/{name}", text)
        box.run("ip", "address", "add", f"{GATEWAY}/32", "dev", "lo")
        box.write("/etc/resolv.conf", f"nameserver {GATEWAY}\n")
        box.write("/etc/imdoctor/lab/README", "what the lab leaves here\n")
        # The interpreter and its packages may be in a folder that the units do not see: they are shown, and nothing else of it.
        shown = f"BindReadOnlyPaths={' '.join(map(str, places))}"
        for unit in SERVICES:
            lines = (
                "[Service]",
                "ProtectHome=tmpfs",
                shown,
                "Environment=PYTHONPATH=/etc/plugin IMDOCTOR_NO_THIRD_PARTY=1",
            )
            box.write(f"/etc/systemd/system/{unit}.d/50-box.conf", "\n".join((*lines, "")))
        far = box.command(sys.executable, str(ROOT / "tests/bench/far.py"), GATEWAY, "/etc/imdoctor/lab")
        with subprocess.Popen(far, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as lab:
            assert lab.stdout
            assert lab.stdout.readline() == b"ready\n"
            yield box
