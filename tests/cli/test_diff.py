"""`imdoctor diff` as whole processes: runs, noise, changes; exit codes as diff(1) has them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import here, imdoctor


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the reports of the healthy sandbox and of a drill."""
    folder = tmp_path_factory.mktemp("runs")
    for name, arguments in {"well": ("run", "--sandbox"), "ill": ("drill", "tls.cert-expired")}.items():
        (folder / f"{name}.json").write_text(imdoctor(folder, *arguments, "--format=json").out)
    return folder


def test_in_chinese(runs: Path) -> None:
    """For people a comparison is Chinese to the last word but names, where that is asked for; for programs it never is."""
    reports = [str(runs / name) for name in ("well.json", "ill.json")]
    done = here(runs, "diff", *reports, "--lang", "zh")
    assert done.code == 1
    for said in (
        "失败，确定（43.141.10.1）",
        "正常 -> 失败",
        "正常 -> 受阻于 tls",
        "由 CN=Lab Root,O=imdoctor lab 签发",
    ):
        assert said in " ".join(done.out.split())
    assert not re.search(r"\b(fail|ok|warn|certain|likely|at|by|blocked|issued)\b", done.out)
    english = here(runs, "diff", *reports, "--format=json")
    assert here(runs, "diff", *reports, "--format=json", "--lang=zh").out == english.out


def changed(runs: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Write the healthy report with a change."""
    report = json.loads((runs / "well.json").read_text())
    change({item["name"]: item for item in report["targets"][0]["checks"]} | {"report": report})
    path = runs / "changed.json"
    path.write_text(json.dumps(report))
    return path


def noise(parts: dict[str, Any]) -> None:
    """Change what is never the same twice: durations, dates, the order of addresses, times by a little."""
    parts["report"].update(started_at="2027-01-01T00:00:00.000Z", duration_seconds=9.0)
    parts["dns"]["duration_seconds"] = 3.0
    parts["tls"]["observation"]["now"] += 86400
    for check in ("dns", "tcp", "tls", "probe"):
        for item in parts[check]["measurements"]:
            item["value"] = item["value"] and item["value"] + 0.004
    parts["usersig"]["measurements"][0]["value"] -= 86400
    parts["dns"]["observation"]["system"]["addresses"].reverse()


def another_resolver(parts: dict[str, Any]) -> None:
    """Let the host use another resolver."""
    for check in ("dns", "host"):
        parts[check]["observation"]["resolv_conf"]["nameservers"] = ["10.53.0.9"]


def slower(parts: dict[str, Any]) -> None:
    """Let every warm call take long."""
    for item in parts["probe"]["measurements"]:
        if item["labels"] == {"call": "warm"} and item["name"] == "wait":
            item["value"] += 0.25


def test_the_same_report_with_other_noise_is_the_same(runs: Path) -> None:
    """A report is the same as itself and as itself on another day: one line, exit code 0."""
    for other in (runs / "well.json", changed(runs, noise)):
        done = imdoctor(runs, "diff", "well.json", str(other))
        assert (done.code, done.err) == (0, "")
        assert done.out.count("\n") == 1
        assert done.out.startswith("The same: ")


def test_an_outage_is_told_by_its_cause(runs: Path) -> None:
    """Before and during an outage: the cause first, then what it changed; exit code 1."""
    done = imdoctor(runs, "diff", "well.json", "-", stdin=(runs / "ill.json").read_text())
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    assert lines[0] == "DIFFERENT"
    assert "tls.cert-expired (console.tim.qq.com:443): ok -> fail" in lines
    assert "    + tls.cert-expired: fail, certain at 43.141.10.1" in lines
    assert "    probe: ok -> blocked by tls" in lines
    assert lines.index("  causes") < lines.index("  checks") < lines.index("  chain")


CHANGES = {
    "another resolver": (another_resolver, ["  resolvers", "    - 10.53.0.1", "    + 10.53.0.9"]),
    "slower calls": (slower, ["  times"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_one_change(runs: Path, name: str) -> None:
    """What changed is told, and nothing else."""
    change, wanted = CHANGES[name]
    done = here(runs, "diff", str(runs / "well.json"), str(changed(runs, change)))
    assert done.code == 1
    told = done.out.splitlines()[5:]
    assert told[: len(wanted)] == wanted
    assert sum(line.startswith("  ") and not line.startswith("   ") for line in told) == 1


def test_json(runs: Path) -> None:
    """For programs: what differs, with its numbers."""
    told = json.loads(here(runs, "diff", str(runs / "well.json"), str(changed(runs, slower)), "--format=json").out)
    assert (told["same"], told["gone"], told["new"]) == (False, [], [])
    (target,) = told["targets"]
    (time,) = [item for item in target["times"] if item["judged"]]
    assert (time["check"], time["name"], time["labels"]) == ("probe", "wait", {"call": "warm"})
    assert time["after"]["median"] - time["before"]["median"] == pytest.approx(0.25)
    assert time["before"]["count"] == 2


BAD = {
    "one report": (("well.json",), "Missing argument 'AFTER'"),
    "standard input twice": (("-", "-"), "standard input holds one report"),
    "no such file": (("well.json", "gone.json"), "gone.json does not exist"),
    "no report": (("well.json", "well.txt"), "well.txt is no JSON"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_compared(runs: Path, name: str) -> None:
    """What is no report is a usage error."""
    arguments, sentence = BAD[name]
    (runs / "well.txt").write_text("hello")
    done = imdoctor(runs, "diff", *arguments)
    assert (done.code, done.out) == (64, "")
    assert sentence in " ".join(done.err.split())
