"""The page on metrics is what the code says, and the code is what real runs measured; its examples run."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from imdoctor import registry
from imdoctor.agent.site import Site
from imdoctor.runner import judge
from imdoctor_checks.measures import MEASURES
from tests.cli.process import imdoctor
from tests.docs.metrics import PAGE, PARTS, filled
from tests.docs.pages import blocks
from tests.lab.corpus import load

TEXT = PAGE.read_text("utf-8")


def test_the_tables_are_of_this_code() -> None:
    """The generated parts are as `python -m tests.docs.metrics` writes them."""
    assert all(f"<!-- /{name} -->" in TEXT for name in PARTS)
    assert filled(TEXT) == TEXT


def test_every_measurement_is_described_and_measured() -> None:
    """What real worlds measured is what is described: by name, unit and labels, and nothing is described that nobody measures."""
    checks = registry.load().checks
    seen: dict[tuple[str, str, str], set[str]] = {}
    for kept in load():
        for target in judge(kept.report, checks).targets:
            for check in target.checks:
                for one in check.measurements:
                    seen.setdefault((check.name, one.name, one.unit), set()).update(one.labels)
    assert seen == {(one.check, one.name, one.unit): set(one.labels) for one in MEASURES}


def test_every_path_is_described() -> None:
    """Each path that the listener answers stands in the page's table, and no other."""
    assert set(re.findall(r"^\| `(/\S*)` \|", TEXT, re.MULTILINE)) == set(Site.ROUTES)


@pytest.mark.parametrize("metric", sorted(set(re.findall(r"imdoctor_\w+", TEXT))))
def test_every_metric_that_is_named_exists(metric: str) -> None:
    """The page's prose and rules name no metric that there is not."""
    assert f"| `{metric}` |" in "\n".join(PARTS.values())


@pytest.mark.parametrize(
    "line",
    [
        line
        for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
        for line in block.splitlines()
        if "--sandbox" in line
    ],
)
def test_the_examples_run(tmp_path: Path, line: str) -> None:
    """A command of the page that needs no network does what it says."""
    program, *arguments = shlex.split(line)
    assert program == "imdoctor"
    assert imdoctor(tmp_path, *arguments).code == 0
    assert [path.suffix for path in tmp_path.iterdir()] == [".prom"]


@pytest.mark.needs("program:promtool")
def test_prometheus_takes_the_job(tmp_path: Path) -> None:
    """What the page shows of a scrape configuration is one, by Prometheus' own promtool."""
    (job,) = (one.text for one in blocks("docs/metrics.md", "yaml") if one.text.startswith("scrape_configs:"))
    (tmp_path / "prometheus.yml").write_text(job)
    command = ["promtool", "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
