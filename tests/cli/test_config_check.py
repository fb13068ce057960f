"""`imdoctor config check`: everything that is wrong with some files, in one pass, each at its place; what is odd is a warning."""

import json
from pathlib import Path

import pytest

from tests.cli.process import KEY, Done, here

WRONG = """\
version: 1
defaults: {secret_key_env: GONE, sdkappid: 1400000000}
targets:
  - {name: a, identifier: admin}
  - {name: b, identifier: admin, timeout: 1s}
  - {name: c, usersig_file: no-such-file, timeout: 2s}
  - {name: e, identifier: x, sdkappid: none}
  - {name: d, usersig_env: null, ca_file: no-such-store}
checks:
  dns: {slow: 5, geo: {xdb: no-such-data}}
  tls: {reference_ca_file: no-such-store}
events: {heartbeat_env: NO_SUCH_URL}
otlp: {endpoint: http://127.0.0.1:4318, headers_env: NO_SUCH_HEADERS}
"""

STARTS = [
    "2:28: target a: secret_key_env: the environment has no variable GONE",
    "2:28: target b: secret_key_env: the environment has no variable GONE",
    "5:43: timeout: the IM backend's own timeout is 3 s",
    "6:29: target c: usersig_file: ",
    "6:52: timeout: the IM backend's own timeout is 3 s",
    "7:40: sdkappid: a whole number is expected",
    "8:43: target d: ca_file: ",
    "10:15: slow: a duration needs its unit",
    "10:29: checks: dns: geo: xdb: there is no file ",
    "11:28: checks: tls: reference_ca_file: there is no file ",
    "12:25: events: heartbeat_env: NO_SUCH_URL: the environment has no such variable",
    "13:54: otlp: headers_env: NO_SUCH_HEADERS: the environment has no such variable",
]


def told(done: Done, folder: Path) -> list[str]:
    """Return each error without the file's name."""
    return [line.removeprefix(f"{folder}/imdoctor.yaml:") for line in done.err.splitlines()]


def test_everything_is_told_in_one_pass(tmp_path: Path) -> None:
    """Values of the wrong form do not hide a secret that is not there, nor one target's trouble another's; each has its place."""
    (tmp_path / "imdoctor.yaml").write_text(WRONG)
    done = here(tmp_path, "config", "check")
    assert (done.code, done.out) == (78, "")
    assert [line[: len(start)] for line, start in zip(told(done, tmp_path), STARTS, strict=True)] == STARTS


def test_several_files_at_once(tmp_path: Path) -> None:
    """Each good file is named with its targets, each bad one's errors are told, and one bad file makes the exit code."""
    (tmp_path / "good.yaml").write_text("targets: [{name: a}, {name: b, sdkappid: 1}]\n")
    (tmp_path / "bad.yaml").write_text("targets: [{nmae: a}]\n")
    (tmp_path / "worse.yaml").write_text("targets: [\n")
    names = [str(tmp_path / name) for name in ("good.yaml", "bad.yaml", "gone.yaml", "worse.yaml")]
    done = here(tmp_path, "config", "check", *names)
    assert (done.code, done.out) == (78, f"{names[0]}: good: 2 targets (a, b)\n")
    places = [line.split(": ")[0] for line in done.err.splitlines()]
    assert places == [f"{names[1]}:1:12", names[2], f"{names[3]}:2:1"]
    assert here(tmp_path, "config", "check", names[0], names[0]).code == 0


ODD = {
    "a program that is not there": (
        "events: {on_change: [no-such-program, x]}",
        "events: on_change: there is no program no-such-program here: install it, or write its whole path",
    ),
    "a path that is no program": ("events: {on_change: [./imdoctor.yaml]}", "there is no program ./imdoctor.yaml here"),
    "a target twice": (
        "targets: [{name: a, sdkappid: 1, probe: {service: a, command: b}}, {name: b, sdkappid: 1, probe: {service: a, command: b}}]",
        "target b: it says the same as a: take one of them away, unless both are meant",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_a_warning(tmp_path: Path, name: str) -> None:
    """What may be meant, or be right on another host, is told on standard error and is no error."""
    text, sentence = ODD[name]
    (tmp_path / "imdoctor.yaml").write_text(f"version: 1\n{text}\n")
    done = here(tmp_path, "config", "check")
    (warning,) = map(json.loads, done.err.splitlines())
    assert (done.code, warning["level"]) == (0, "warning")
    assert sentence in warning["event"]
    assert warning["file"] == str(tmp_path / "imdoctor.yaml")


@pytest.mark.parametrize("program", ["sh", "/bin/sh", "./mine"])
def test_a_program_that_is_there_is_not_odd(tmp_path: Path, program: str) -> None:
    """A program is found by its path, or in the folders of PATH."""
    (tmp_path / "mine").write_text("#!/bin/sh\n")
    (tmp_path / "mine").chmod(0o755)
    (tmp_path / "imdoctor.yaml").write_text(f"events: {{on_change: [{program}]}}\n")
    assert (here(tmp_path, "config", "check").code, here(tmp_path, "config", "check").err) == (0, "")


def test_a_run_tells_the_place_as_well(tmp_path: Path) -> None:
    """What stands in a file and cannot be used ends a run at the same place."""
    (tmp_path / "imdoctor.yaml").write_text("targets:\n  - {name: a, usersig_env: GONE}\n")
    for command in ("run", "plan"):
        done = here(tmp_path, command)
        assert (done.code, told(done, tmp_path)[0].split(": ")[:2]) == (78, ["2:28", "target a"])


def test_no_error_holds_a_secret(tmp_path: Path) -> None:
    """A secret where a path or a name belongs is not repeated, and neither is one that was read."""
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "imdoctor.yaml").write_text(
        f"targets:\n  - {{name: a, usersig_file: {KEY}}}\n"
        "  - {name: b, sdkappid: 1, identifier: a, secret_key_file: key, timeout: 1s}\n"
    )
    done = here(tmp_path, "config", "check")
    assert done.code == 78
    assert KEY not in done.out + done.err
