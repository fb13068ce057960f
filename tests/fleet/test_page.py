"""The page on fleets and the dashboard: what they name exists, and what they say to type works with the real programs."""

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from imdoctor.config.load import loads
from tests.cli.process import environment
from tests.fleet.dashboard import FILE, PANELS, document

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/fleet.md").read_text("utf-8")
METRICS = set(re.findall(r"^\| `(imdoctor_\w+)`", (ROOT / "docs/metrics.md").read_text("utf-8"), re.MULTILINE))
RULES = yaml.safe_load((ROOT / "fleet/imdoctor.rules.yml").read_text("utf-8"))
RECORDS = {rule["record"] for group in RULES["groups"] for rule in group["rules"] if "record" in rule}
ALERTS = [rule["alert"] for group in RULES["groups"] for rule in group["rules"] if "alert" in rule]


def test_the_dashboard_is_as_it_is_written() -> None:
    """The file is what the panels say, and every query asks for what there is."""
    assert FILE.read_text("utf-8") == document()
    for _, title, query, *_ in PANELS:
        named = set(re.findall(r"imdoctor[:_][\w:]+", query))
        assert named, title
        assert named <= METRICS | RECORDS, title


def test_the_table_of_alerts_is_whole() -> None:
    """Every alert stands on the page, in the order of the rules."""
    assert re.findall(r"^\| `(Im\w+)` \|", PAGE, re.MULTILINE) == ALERTS


def test_the_configurations_are_good(tmp_path: Path) -> None:
    """What the page shows of a configuration is one."""
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        assert loads(text, {}, file="fleet.md", folder=tmp_path).events.alerts_env


@contextmanager
def serving(*command: str, port: int) -> Iterator[None]:
    """Run a server until it takes connections, and until the block's end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def told(port: int) -> str:
    """Return a server's metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return bytes(answer.read()).decode()


def typed(line: str, folder: Path) -> None:
    """Type a line of the page in a shell, with the sandbox for a target and this imdoctor as the program."""
    program = folder / "imdoctor"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m imdoctor "$@" --sandbox\n')
    program.chmod(0o755)
    environ = {**environment(folder), "PATH": f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(["sh", "-c", line], env=environ, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def line_with(word: str) -> str:
    """Return the one command of the page that holds a word."""
    blocks: list[str] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (line,) = (one for block in blocks for one in block.splitlines() if word in one)
    return line


@pytest.mark.needs("program:prometheus-pushgateway", "program:curl")
def test_a_gateway_takes_what_is_pushed(tmp_path: Path) -> None:
    """The page's line pushes a run to a real Pushgateway, under the host's name."""
    port = free_port()
    name = shutil.which("prometheus-pushgateway") or ""
    with serving(name, f"--web.listen-address=127.0.0.1:{port}", port=port):
        typed(line_with("curl").replace("127.0.0.1:9091", f"127.0.0.1:{port}"), tmp_path)
        pushed = told(port)
    assert f'instance="{socket.gethostname()}"' in pushed
    assert re.search(r'^imdoctor_target_status\{.*status="ok".*\} 1$', pushed, re.MULTILINE)
    assert "push_failure_time_seconds" in pushed


@pytest.mark.needs("program:prometheus-node-exporter")
def test_node_exporter_reads_what_is_written(tmp_path: Path) -> None:
    """The page's line writes a file that a real node_exporter's textfile collector takes without an error."""
    port = free_port()
    folder = tmp_path / "textfile"
    folder.mkdir()
    typed(line_with("node-exporter").replace("/var/lib/prometheus/node-exporter", str(folder)), tmp_path)
    name = shutil.which("prometheus-node-exporter") or ""
    arguments = ("--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={folder}")
    with serving(name, *arguments, f"--web.listen-address=127.0.0.1:{port}", port=port):
        read = told(port)
    assert re.search(r'^imdoctor_target_status\{.*status="ok".*\} 1$', read, re.MULTILINE)
    assert re.search(r"^node_textfile_scrape_error 0$", read, re.MULTILINE)
