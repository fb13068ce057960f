"""What a watching imdoctor costs in CPU, per target and run, beside prometheus-blackbox-exporter on the same targets.

Run as root: `python -m tests.bench.agent`. It needs ip, prometheus-blackbox-exporter and /dev/net/tun.

Both run on the near host of `tests.bench.bench`, against the same gateway and resolver, trust the same store (the public
authorities and the lab's), and ask the same four questions of each of five targets: dns, tcp, tls, and the signed POST. A
side's CPU is its own process's user and system time as /proc/PID/stat has it (all threads, no helper), taken before and after
a block of rounds, so that starting and importing do not count; blocks of both sides alternate, and the ratio is of neighbours.

- imdoctor: one process that examines the targets one after another, as `imdoctor watch` does: the checks dns, tcp, tls and probe,
  and usersig, without which the probe does not sign in. Every run makes the signed call, which `watch` makes every ten minutes.
- blackbox_exporter: its probes dns, tcp, tcp with `tls: true`, and http, one after another over one kept connection, as Prometheus
  asks for them. Who asks, does not count.
"""

import asyncio
import contextlib
import http.client
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import certifi

from imdoctor.lab.world import KEY
from tests.bench.bench import FAR_ADDRESS, near, surroundings, told, wire
from tests.bench.far import NAMES

CHECKS = ("dns", "tcp", "tls", "probe", "usersig")
PROBES = ("dns", "tcp", "tls", "post")
SDKAPPID, ADMIN = 1400000000, "administrator"
LISTEN = "127.0.0.1:9115"
WARM_UP, ROUNDS, BLOCKS = 6, 20, 7
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Side:
    """One side of the comparison: its process, and what makes it examine every target so many times."""

    pid: int
    rounds: Callable[[int], None]

    def cost(self, rounds: int) -> float:
        """Return the CPU seconds of one target's run."""
        before = cpu(self.pid)
        self.rounds(rounds)
        return (cpu(self.pid) - before) / rounds / len(NAMES)


def cpu(pid: int) -> float:
    """Return a process's user and system time, seconds (proc_pid_stat(5))."""
    fields = Path("/proc", str(pid), "stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def store(folder: Path) -> Path:
    """Return the trust store of both sides: the public authorities, and the lab's."""
    path = folder / "store.pem"
    path.write_bytes(Path(certifi.where()).read_bytes() + (folder / "ca.pem").read_bytes())
    return path


def configuration(folder: Path) -> Path:
    """Write imdoctor's configuration, and return its path."""
    (folder / "key").write_text(KEY)
    (folder / "key").chmod(0o600)
    account = {"sdkappid": SDKAPPID, "identifier": ADMIN, "secret_key_file": "key"}
    path = folder / "imdoctor.yaml"
    targets = [{"name": one, "endpoint": one, **account} for one in NAMES]
    checks = {"tls": {"reference_ca_file": str(store(folder))}}
    path.write_text(json.dumps({"version": 1, "targets": targets, "checks": checks}))
    return path


def drive(config: Path) -> None:
    """Be the imdoctor under measurement: say "ready", then examine every target as many times as each line asks for."""
    from imdoctor import runner
    from imdoctor.cli.jobs import Wanted, prepared
    from imdoctor.cli.session import Session

    async def serve() -> None:
        for line in itertools.chain(["0"], iter(sys.stdin.readline, "")):
            for _, job in itertools.product(range(int(line)), work.jobs):
                report = await runner.run([job], work.checks)
                assert report.status == "ok", report
            sys.stdout.write("ready\n")
            sys.stdout.flush()

    with prepared(Wanted(config=config, check=CHECKS, no_third_party=True), Session.of_process()) as work:
        asyncio.run(serve())


@contextlib.contextmanager
def imdoctor(folder: Path) -> Iterator[Side]:
    """Start imdoctor's side."""
    command = (sys.executable, "-m", "tests.bench.agent", "drive", str(configuration(folder)))
    environ = surroundings({"SSL_CERT_FILE": str(store(folder))})
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
    assert process.stdin
    assert process.stdout
    to, back = process.stdin, process.stdout

    def rounds(number: int) -> None:
        to.write(f"{number}\n")
        to.flush()
        assert back.readline() == "ready\n"

    with process:
        assert back.readline() == "ready\n"
        yield Side(process.pid, rounds)
        to.close()


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
def blackbox(folder: Path) -> Iterator[Side]:
    """Start the exporter's side."""
    command = (
        "prometheus-blackbox-exporter",
        f"--config.file={modules(folder)}",
        f"--web.listen-address={LISTEN}",
        "--log.level=error",
    )
    process = subprocess.Popen(command, env=surroundings({"SSL_CERT_FILE": str(store(folder))}))
    asked = [urlencode({"module": module, "target": to}) for name in NAMES for module, to in probes(name)]
    asker = http.client.HTTPConnection(LISTEN)

    def rounds(number: int) -> None:
        for _, query in itertools.product(range(number), asked):
            asker.request("GET", f"/probe?{query}", headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
            said = asker.getresponse().read().decode()
            assert "\nprobe_success 1\n" in said, f"{query}\n{said}"

    with process:
        try:
            until_connected(asker)
            yield Side(process.pid, rounds)
        finally:
            asker.close()
            process.terminate()


def until_connected(asker: http.client.HTTPConnection) -> None:
    """Wait until the exporter listens."""
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError):
            asker.connect()
            return
        time.sleep(0.1)


def compare(folder: Path) -> None:
    """Measure both sides in turn, and print."""
    with imdoctor(folder) as ours, blackbox(folder) as theirs:
        for side in (ours, theirs):
            side.rounds(WARM_UP)
        pairs = [(ours.cost(ROUNDS), theirs.cost(ROUNDS)) for _ in range(BLOCKS)]
    for name, costs in zip(("imdoctor", "blackbox_exporter"), zip(*pairs, strict=True), strict=True):
        sys.stdout.write(f"{name}: {statistics.median(costs) * 1000:.2f} ms of CPU per target and run\n")
    told("CPU per target and run: imdoctor / blackbox_exporter", [one / other for one, other in pairs], 1)


def main(arguments: Sequence[str]) -> None:
    """Measure; with "drive" be the side under measurement, with "compare" what runs on the near host."""
    if arguments:
        {"drive": drive, "compare": compare}[arguments[0]](Path(arguments[1]))
        return
    with tempfile.TemporaryDirectory() as name, wire(0, Path(name)):
        inside = near(sys.executable, "-m", "tests.bench.agent", "compare", name)
        subprocess.run(inside, env=surroundings(), check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
