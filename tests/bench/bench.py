"""How fast imdoctor is, as ratios of one run: machines and their neighbours differ, ratios stay.

Run as root: `python tests/bench/bench.py`. It needs ip, dig, nc, openssl and curl, and /dev/net/tun.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from imdoctor.cli import COMMANDS

HERE = Path(__file__).parent
WIRE = HERE.parent / "lab" / "wire.py"
HOST = "console.tim.qq.com"
NEAR, FAR = "imdoctor-near", "imdoctor-far"
NEAR_ADDRESS, FAR_ADDRESS = "43.141.20.1", "43.141.20.2"
SILENT_ADDRESS = "43.141.20.3"
IMPORTS = "import asyncio, ssl, httpx, dns.message"
BY_HAND = f"""
dig +short {HOST} A >/dev/null
dig +short {HOST} AAAA >/dev/null
nc -z -w 5 {HOST} 443
openssl s_client -connect {HOST}:443 -servername {HOST} </dev/null >/dev/null 2>&1
curl -s -o /dev/null https://{HOST}/ -o /dev/null https://{HOST}/ -o /dev/null https://{HOST}/
"""
RUNS = 7


def surroundings(more: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment, with byte code kept as an installed package's is."""
    return {**{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}, **(more or {})}


def timed(command: Sequence[str], environ: dict[str, str] | None = None) -> float:
    """Time a whole process."""
    started = time.perf_counter()
    subprocess.run(command, env=surroundings(environ), capture_output=True, check=False)
    return time.perf_counter() - started


def paired(one: Sequence[str], other: Sequence[str], environ: dict[str, str] | None = None) -> list[float]:
    """Run two commands in turn, and return the ratio of their times pair by pair."""
    timed(one, environ)
    return [timed(one, environ) / timed(other, environ) for _ in range(RUNS)]


def beyond(one: Sequence[str], other: Sequence[str]) -> list[float]:
    """Run two commands in turn, and return the milliseconds that the first takes longer, pair by pair."""
    timed(one)
    return [(timed(one) - timed(other)) * 1000 for _ in range(RUNS)]


def told(name: str, ratios: Sequence[float], limit: float) -> None:
    """Print a ratio, or what else was measured: its least, middle and greatest, beside what it should stay under."""
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    sys.stdout.write(f"{name:<72} {middle:6.2f}  ({low:.2f} to {high:.2f}; wanted: at most {limit:g})\n")
    sys.stdout.flush()


def ip(*arguments: str) -> None:
    """Run the command ip of iproute2."""
    subprocess.run(["ip", *arguments], check=True)


@contextlib.contextmanager
def helper(*command: str) -> Iterator[None]:
    """Start a helper that says "ready" and ends with its standard input."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    try:
        yield
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def wire(milliseconds: float, folder: Path) -> Iterator[None]:
    """Make two hosts with a wire of this delay, each way, between them; the far one serves the API and its name."""
    conf = Path("/etc/netns", NEAR)
    conf.mkdir(parents=True, exist_ok=True)
    (conf / "resolv.conf").write_text(f"nameserver {FAR_ADDRESS}\n")
    try:
        ip("netns", "add", NEAR)
        ip("netns", "add", FAR)
        with helper(sys.executable, str(WIRE), NEAR, FAR, json.dumps({"delay": milliseconds / 1000})):
            for name, address in ((NEAR, NEAR_ADDRESS), (FAR, FAR_ADDRESS)):
                ip("-n", name, "addr", "add", f"{address}/24", "dev", "wire0")
                ip("-n", name, "link", "set", "wire0", "up")
                ip("-n", name, "link", "set", "lo", "up")
            with helper("ip", "netns", "exec", FAR, sys.executable, str(HERE / "far.py"), FAR_ADDRESS, str(folder)):
                yield
    finally:
        for name in (NEAR, FAR):
            subprocess.run(["ip", "netns", "del", name], check=False)
        (conf / "resolv.conf").unlink()
        conf.rmdir()


def near(*command: str) -> tuple[str, ...]:
    """Return a command as the near host runs it."""
    return ("ip", "netns", "exec", NEAR, *command)


def report(environ: dict[str, str], *arguments: str) -> dict[str, object]:
    """Return the report of a run on the near host."""
    command = near(sys.executable, "-m", "imdoctor", "run", *arguments, "--no-third-party", "--format", "json")
    done = subprocess.run(command, env=surroundings(environ), capture_output=True, text=True, check=False)
    return dict(json.loads(done.stdout))


def first_answer(made: dict[str, object]) -> float:
    """Return the seconds from the look-up to the first byte of the probe's first answer."""
    checks = made["targets"][0]["checks"]  # type: ignore[index]  # a report's JSON
    ledger = next(check for check in checks if check["name"] == "probe")["observation"]["first"]["call"]["ledger"]
    return sum(ledger[phase] or 0.0 for phase in ("resolve", "connect", "handshake", "send", "wait"))


def main() -> None:
    """Measure, and print."""
    run = (sys.executable, "-m", "imdoctor", "run")
    told(
        "sandbox / importing asyncio, ssl, httpx, dns.message",
        paired((*run, "--sandbox"), (sys.executable, "-c", IMPORTS)),
        2.5,
    )
    empty = (sys.executable, "-c", "")
    told("imdoctor --help / an empty Python", paired((*run[:3], "--help"), empty), 10)
    for words in (("--help",), *((name, "--help") for name in COMMANDS)):
        told(f"imdoctor {' '.join(words)}: ms beyond an empty Python", beyond((*run[:3], *words), empty), 100)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {"SSL_CERT_FILE": str(folder / "ca.pem")}
        with wire(50, folder):
            made = [report(environ, HOST) for _ in range(RUNS)]
            told("50 ms each way: first answer / round trip", [first_answer(one) / 0.1 for one in made], 4.5)
            told(
                "50 ms each way: whole run / round trip",
                [float(str(one["duration_seconds"])) / 0.1 for one in made],
                7.5,
            )
            silent = [report(environ, f"{SILENT_ADDRESS}:443") for _ in range(2)]
            told(
                "a silent endpoint: whole run / one connect timeout",
                [float(str(one["duration_seconds"])) / 5 for one in silent],
                1.2,
            )
        for trip in (20, 50):
            with wire(trip / 2, folder):
                ratios = paired(near(*run, HOST, "--no-third-party"), near("sh", "-c", BY_HAND), environ)
                told(f"{trip} ms round trip: imdoctor run / the list by hand", ratios, 1)


if __name__ == "__main__":
    main()
