"""What is typed amiss: exit code 64, a sentence on standard error, nothing on standard output."""

import json
from pathlib import Path

import click
import pytest

from imdoctor.cli import COMMANDS, cli
from imdoctor.cli.lazy import LazyGroup
from imdoctor.cli.run import run
from imdoctor.render.json import render
from tests.cli.process import KEY, here, imdoctor
from tests.render.reports import REPORTS

HOST = ("run", "127.0.0.1:1")
BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "no such command": (("rnu",), "no such command 'rnu': did you mean run?"),
    "no such option": (("run", "--cheks"), "No such option '--cheks'"),
    "no such command of a group": (("config", "chekc"), "no such command 'chekc': did you mean check?"),
    "a host that is none": (("run", "a b"), "HOST: 'a b' is no host name"),
    "plain HTTP": (("run", "http://console.tim.qq.com"), "HOST: the API is called by HTTPS only"),
    "an SDKAppID of 0": ((*HOST, "--sdkappid", "0"), "--sdkappid"),
    "an identifier that is too long": (
        (*HOST, "--identifier", "a" * 33),
        "--identifier: an identifier has at most 32 bytes",
    ),
    "two credentials": (
        (*HOST, "--usersig-file", "a", "--usersig-env", "B"),
        "--usersig-env: usersig_file names a credential already",
    ),
    "a key without its app": ((*HOST, "--secret-key-env", "K"), "write sdkappid and identifier"),
    "an admin without an app": (("run", "--identifier", "a"), "--identifier goes with HOST or --sdkappid"),
    "an app with a file": (("run", "--sdkappid", "1", "--config", "a"), "--sdkappid names a target of its own"),
    "an app with a target": (
        ("run", "--sdkappid", "1", "--target", "a"),
        "--target chooses from a configuration, which is not read with --sdkappid",
    ),
    "a target with a host": ((*HOST, "--target", "a"), "--target chooses from a configuration"),
    "a sandbox with a host": ((*HOST, "--sandbox"), "--sandbox has a target of its own"),
    "a sandbox with an app": (("run", "--sandbox", "--sdkappid", "1"), "--sandbox has a target of its own"),
    "no such check": ((*HOST, "--check", "dsn"), "no check 'dsn': did you mean dns?"),
    "no such check to skip": ((*HOST, "--skip", "tpc"), "no check 'tpc'"),
    "no such target": (("run", "--target", "prdo"), "no target 'prdo'"),
    "no time": ((*HOST, "--timeout", "0"), "0 is no time to run in"),
    "endless time": ((*HOST, "--timeout", "inf"), "inf is no time to run in"),
    "no number of seconds": ((*HOST, "--timeout", "soon"), "'soon' is no duration"),
    "too many retries": ((*HOST, "--retries", "11"), "--retries"),
    "no such format": ((*HOST, "--format", "xml"), "--format"),
    "no such format of a file": ((*HOST, "--output", "jsn=a"), "no format 'jsn': did you mean json?"),
    "quiet and verbose": ((*HOST, "-q", "-v"), "-q shows one line and -v everything"),
    "no such colour": ((*HOST, "--color", "red"), "--color"),
    "no time to wait": ((*HOST, "--retry-wait", "-1"), "-1 is no time"),
    "an output without a file": ((*HOST, "--output", "json"), "write FORMAT=FILE"),
    "an output without a name": ((*HOST, "--output", "json="), "write FORMAT=FILE"),
    "a language that is not spoken": ((*HOST, "--lang", "fr"), "'fr' is not one of 'en', 'zh'"),
    "no such code": (("explain", "tls.cert-expird"), "did you mean tls.cert-expired?"),
    "no such error code": (("explain", "60099"), "no error code 60099 in the tables (family: REST)"),
    "no code at all": (("explain",), "name one code, such as tls.cert-expired or 60026"),
    "a report that is not there": (("judge", "gone.json"), "gone.json does not exist"),
    "a report that is a directory": (("judge", "."), ". is a directory"),
}


@pytest.mark.parametrize("name", BAD)
def test_usage_errors(tmp_path: Path, name: str) -> None:
    """Each mistake is told in a sentence, by exit code 64, and nothing is run."""
    arguments, sentence = BAD[name]
    done = here(tmp_path, *arguments)
    assert (done.code, done.out) == (64, "")
    assert sentence in done.err


def test_a_process_exits_by_64(tmp_path: Path) -> None:
    """A process without arguments, or with wrong ones, exits by 64, not by click's own 2."""
    assert imdoctor(tmp_path).code == 64
    assert imdoctor(tmp_path, "run", "--format", "xml").code == 64


def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    """A secret typed where none belongs is not repeated."""
    for arguments in (
        ("run", KEY),
        (*HOST, "--format", KEY),
        (*HOST, "--sdkappid", KEY),
        (*HOST, "--secret-key-file", KEY, "--sdkappid", "1", "--identifier", "a"),
        (*HOST, "--output", KEY),
        ("explain", KEY),
        (KEY,),
    ):
        done = here(tmp_path, *arguments)
        assert done.code == 64
        assert KEY not in done.out + done.err


REPORT = json.loads(render(REPORTS["healthy"]))
NO_REPORTS = {
    "empty": ("", "is no JSON"),
    "no JSON": ("{", "is no JSON"),
    "no UTF-8": ("\udcff", "is no JSON"),
    "too deep": ("[" * 100_000, "is no JSON"),
    "a list": ("[]", "is no report"),
    "an object of another kind": ("{}", "is no report"),
    "another version": (json.dumps({**REPORT, "version": 2}), "is a report of version 2; this release reads version 1"),
    "a field that is missing": (json.dumps({**REPORT, "targets": [{}]}), "is no report"),
}


@pytest.mark.parametrize("name", NO_REPORTS)
def test_what_is_no_report_is_not_judged(tmp_path: Path, name: str) -> None:
    """Whatever is not a saved report is told in a sentence, by exit code 64."""
    text, sentence = NO_REPORTS[name]
    (tmp_path / "report.json").write_text(text, "utf-8", errors="surrogateescape")
    done = here(tmp_path, "judge", str(tmp_path / "report.json"))
    assert (done.code, done.out) == (64, "")
    assert sentence in done.err


def test_standard_input_is_named(tmp_path: Path) -> None:
    """Where a report was to come from standard input and did not, that is what is said."""
    done = imdoctor(tmp_path, "judge", "-")
    assert (done.code, done.out) == (64, "")
    assert "standard input is no JSON: name a file" in done.err


def test_every_option_reads_its_variable() -> None:
    """Each option of run has a variable of its own, named after it; that of --lang is read before any option is."""
    options = [item for item in run.params if isinstance(item, click.Option) and item.name != "lang"]
    assert len(options) >= 18
    for item in options:
        long = next(name for name in item.opts if name.startswith("--"))
        assert item.envvar == "IMDOCTOR_" + long.removeprefix("--").replace("-", "_").upper()


def test_variables_are_read(tmp_path: Path) -> None:
    """A variable stands for its option."""
    done = imdoctor(tmp_path, "run", "127.0.0.1:1", environ={"IMDOCTOR_FORMAT": "xml"})
    assert done.code == 64
    assert "xml" in done.err


def test_every_command_is_there() -> None:
    """The table of commands leads to commands, each with the help that the table promises."""
    assert isinstance(cli, LazyGroup)
    ctx = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(ctx, name)
        assert command is not None
        assert command.help


def test_version(tmp_path: Path) -> None:
    """The release is told in one line."""
    done = imdoctor(tmp_path, "--version")
    assert done.code == 0
    assert done.out.startswith("imdoctor 0.")
