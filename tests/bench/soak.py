"""An agent with 50 targets, one second apart, for five minutes: no slot is missed, and its memory does not grow.

`python -m tests.bench.soak [SECONDS]` prints what it measured, and exits with 1 when either is not so. Memory is the process's
resident set; the second minute is compared with the last one, since the first fills what is filled once. A loop that was late is
told of and is no failure: this machine may have others to serve.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.agent.lab import watched
from tests.agent.process import agent

TARGETS = 50
SECONDS = 300
MINUTE = 60
ALLOWED = 1024
"""KiB by which two medians may differ: some 5 kB a round, where the least leak that was met had 12."""


def resident(pid: int) -> int:
    """Return a process's resident set in KiB (proc_pid_status(5))."""
    lines = Path("/proc", str(pid), "status").read_text("ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))


def soak(folder: Path, seconds: int) -> bool:
    """Let the agent watch for so many seconds; print what came of it, and tell whether that is as it should be."""
    with watched(folder) as lab:
        targets = [lab.signing(f"target-{number}") for number in range(TARGETS)]
        config = lab.configure(*targets, schedule={"every": f"{TARGETS}s"})
        with agent(folder, "--config", str(config)) as running:
            running.until("started")
            sizes = [_later(running.process.pid) for _ in range(seconds)]
            code = running.end()
    before, after = statistics.median(sizes[MINUTE : 2 * MINUTE]), statistics.median(sizes[-MINUTE:])
    missed = sum(int(event["missed"]) for event in running.heard if event.get("kind") == "missed")
    others = sorted(set(running.kinds("started", "stopping", "missed", "late")))
    late = running.kinds().count("late")
    sys.stdout.write(
        f"{TARGETS} targets, one second apart, {seconds} s: {missed} slots missed; resident {before:.0f} KiB in the second minute, "
        f"{after:.0f} KiB in the last ({after - before:+.0f}); late {late} times; "
        f"other events: {', '.join(others) or 'none'}; exit code {code}\n"
    )
    return missed == 0 and after - before <= ALLOWED and not others and code == 143


def _later(pid: int) -> int:
    time.sleep(1)
    return resident(pid)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        sys.exit(not soak(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
