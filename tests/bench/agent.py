"""What a watching imdoctor costs in CPU, per target and run, beside prometheus-blackbox-exporter on the same targets.

Run as root: `python -m tests.bench.agent`. It needs ip, prometheus-blackbox-exporter and /dev/net/tun.

Both run on the near host of `tests.bench.bench`, against the same gateway and resolver, trust the same store (the public
authorities and the lab's), and ask the same four questions of each target once a second: dns, tcp, tls, and the signed POST.
First of five targets, then of fifty: a process that has less to do finds its caches cold. A side's CPU is its own process's user
and system time as /proc/PID/stat has it (all threads, no helper), from the beginning of a block of seconds to its end, so that
starting and importing do not count. Both go on all the time, so that each ratio is one of the same seconds.

- imdoctor: `imdoctor watch` with the checks dns, tcp, tls, probe, and usersig, without which the probe does not sign in. The
  signed call is made in every run, where `watch` would make it every ten minutes, and no other (`warm_calls: 0`); all else is as
  it comes, the history included.
- blackbox_exporter: its probes dns, tcp, tcp with `tls: true`, and http, over one kept connection, as Prometheus asks for them.
  Who asks, does not count.
"""

import contextlib
import http.client
import itertools
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import certifi

from imdoctor.agent.database import FILE
from imdoctor.agent.packing import STATUSES
from imdoctor.lab.world import KEY
from tests.bench.bench import FAR_ADDRESS, near, surroundings, told, wire
from tests.bench.far import NAMES

CHECKS = ("dns", "tcp", "tls", "probe", "usersig")
SDKAPPID, ADMIN = 1400000000, "administrator"
LISTEN = "127.0.0.1:9115"
PERIOD = 1
"""Seconds between two runs of a target."""
LOADS = (5, 50)
"""Targets: one for each name, and ten."""
WARM_UP, BLOCK, BLOCKS = 10.0, 20.0, 5
"""Seconds, seconds, and how many."""
LEEWAY = 0.05
"""Share of its runs that a side may be early or late by."""
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Side:
    """One side of the comparison: its process, and how many runs of a target it has made, all of them good."""

    pid: int
    runs: Callable[[], int]


def cpu(pid: int) -> float:
    """Return a process's user and system time, seconds (proc_pid_stat(5))."""
    fields = Path("/proc", str(pid), "stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def store(folder: Path) -> Path:
    """Return the trust store of both sides: the public authorities, and the lab's."""
    path = folder / "store.pem"
    path.write_bytes(Path(certifi.where()).read_bytes() + (folder / "ca.pem").read_bytes())
    return path


def configuration(folder: Path, load: int) -> Path:
    """Write imdoctor's configuration of so many targets, and return its path."""
    (folder / "key").write_text(KEY)
    (folder / "key").chmod(0o600)
    account = {"sdkappid": SDKAPPID, "identifier": ADMIN, "secret_key_file": "key"}
    made = {
        "version": 1,
        "targets": [
            {"name": f"{number}-{one}", "endpoint": one, **account}
            for number, one in zip(range(load), itertools.cycle(NAMES), strict=False)
        ],
        "checks": {
            "tls": {"reference_ca_file": str(store(folder))},
            "probe": {"every": f"{PERIOD / 2}s", "warm_calls": 0},
        },
        "schedule": {"every": f"{PERIOD}s", "jitter": "0%"},
    }
    path = folder / "imdoctor.yaml"
    path.write_text(json.dumps(made))
    return path


@contextlib.contextmanager
def imdoctor(folder: Path, load: int) -> Iterator[Side]:
    """Start imdoctor's side; the runs are those in its history."""
    options = ("--config", str(configuration(folder, load)), "--state", str(folder), "--no-third-party")
    only = [word for check in CHECKS for word in ("--check", check)]
    environ = surroundings({"SSL_CERT_FILE": str(store(folder))})
    process = subprocess.Popen((sys.executable, "-m", "imdoctor", "watch", *options, *only), env=environ)

    good = (STATUSES.index("ok"),)

    def runs() -> int:
        with contextlib.closing(sqlite3.connect(folder / FILE)) as history:
            return int(history.execute("SELECT count(*) FROM run WHERE status = ?", good).fetchone()[0])

    with process:
        try:
            yield Side(process.pid, runs)
        finally:
            process.terminate()


def modules(folder: Path) -> Path:
    """Write the exporter's configuration, one dns module a name, and return its path."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    body = json.dumps({"CheckItem": [{"UserID": ADMIN}]})
    four = {"preferred_ip_protocol": "ip4"}
    post = {"method": "POST", "headers": headers, "body": body, **four}
    made = {
        **{f"dns-{name}": {"prober": "dns", "dns": {"query_name": name, "query_type": "A", **four}} for name in NAMES},
        "tcp": {"prober": "tcp", "tcp": four},
        "tls": {"prober": "tcp", "tcp": {"tls": True, **four}},
        "post": {"prober": "http", "http": post},
    }
    path = folder / "blackbox.yml"
    path.write_text(json.dumps({"modules": made}))
    return path


def probes(name: str) -> Iterator[tuple[str, str]]:
    """Yield the exporter's four probes of a name: module and target."""
    from imdoctor.im import request, usersig

    sig = usersig.make(key=KEY, sdkappid=SDKAPPID, identifier=ADMIN, time=int(time.time()), expire=86400)
    call = request.api_request(
        service="im_open_login_svc",
        command="account_check",
        sdkappid=SDKAPPID,
        identifier=ADMIN,
        usersig=sig,
        body=None,
        random=request.draw_random(),
    )
    yield f"dns-{name}", FAR_ADDRESS
    yield "tcp", f"{name}:443"
    yield "tls", f"{name}:443"
    yield "post", f"https://{name}{call.path}"


@contextlib.contextmanager
def blackbox(folder: Path, load: int) -> Iterator[Side]:
    """Start the exporter's side, and ask it for the four probes of one target after another."""
    listen = f"--web.listen-address={LISTEN}"
    command = ("prometheus-blackbox-exporter", f"--config.file={modules(folder)}", listen, "--log.level=error")
    environ = surroundings({"SSL_CERT_FILE": str(store(folder))})
    with subprocess.Popen(command, env=environ) as process:
        try:
            with contextlib.closing(Asker(load)) as asker:
                asker.start()
                yield Side(process.pid, lambda: asker.done)
        finally:
            process.terminate()


class Asker(threading.Thread):
    """Asks for the probes as Prometheus does, in a thread of its own. ``done`` counts the targets that all four succeeded for."""

    def __init__(self, load: int) -> None:
        super().__init__(daemon=True)
        self.done, self._load, self._until = 0, load, threading.Event()

    def run(self) -> None:
        """Ask until closed."""
        asked = [[urlencode({"module": module, "target": to}) for module, to in probes(name)] for name in NAMES]
        with contextlib.closing(http.client.HTTPConnection(LISTEN)) as connection:
            until_connected(connection)
            due = time.monotonic()
            for queries in itertools.cycle(asked):
                due += PERIOD / self._load
                if self._until.wait(max(0.0, due - time.monotonic())):
                    return
                self.done += all(succeeds(connection, query) for query in queries)

    def close(self) -> None:
        """Stop asking."""
        self._until.set()
        self.join()


def succeeds(connection: http.client.HTTPConnection, query: str) -> bool:
    """Ask for one probe; tell whether it succeeded."""
    connection.request("GET", f"/probe?{query}", headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
    return b"\nprobe_success 1\n" in connection.getresponse().read()


def until_connected(asker: http.client.HTTPConnection) -> None:
    """Wait until the exporter listens."""
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError):
            asker.connect()
            return
        time.sleep(0.1)


def compare(folder: Path, load: int) -> None:
    """Measure both sides, and print."""
    with imdoctor(folder, load) as ours, blackbox(folder, load) as theirs:
        time.sleep(WARM_UP)
        pairs = [block(load, ours, theirs) for _ in range(BLOCKS)]
    for name, costs in zip(("imdoctor", "blackbox_exporter"), zip(*pairs, strict=True), strict=True):
        sys.stdout.write(
            f"{load} targets, {name}: {statistics.median(costs) * 1000:.2f} ms of CPU per target and run\n"
        )
    told(
        f"{load} targets, CPU per target and run: imdoctor / blackbox_exporter",
        [ours / theirs for ours, theirs in pairs],
        1,
    )


def block(load: int, *sides: Side) -> list[float]:
    """Return what a run of each side cost in a block of seconds (CPU seconds). A side that did not keep pace tells nothing."""
    before = [(cpu(side.pid), side.runs()) for side in sides]
    time.sleep(BLOCK)
    after = [(cpu(side.pid), side.runs()) for side in sides]
    made = [(b - a, to - fro) for (a, fro), (b, to) in zip(before, after, strict=True)]
    if any(abs(runs * PERIOD / (BLOCK * load) - 1) > LEEWAY for _, runs in made):
        raise SystemExit(f"not {load} good runs a second: {[runs / BLOCK for _, runs in made]}")
    return [seconds / runs for seconds, runs in made]


def main(arguments: Sequence[str]) -> None:
    """Measure; with a folder and a load, on the near host that this is."""
    if arguments:
        compare(Path(arguments[0]), int(arguments[1]))
        return
    for load in LOADS:
        with tempfile.TemporaryDirectory() as name, wire(0, Path(name)):
            inside = near(sys.executable, "-m", "tests.bench.agent", name, str(load))
            subprocess.run(inside, env=surroundings(), check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
