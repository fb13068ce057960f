"""Whole runs: the sandbox, a target that is not there, a stop by a signal, and no secret in any output."""

import base64
import json
import signal
import socket
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from imdoctor.render.json import schema
from tests.cli.process import KEY, environment, here, imdoctor

ACCOUNT = ("--sdkappid=1400000000", "--identifier=administrator", "--secret-key-env=KEY")
CHECKS = ("--check=tcp", "--check=tls", "--check=probe", "--check=usersig", "--no-third-party")


@pytest.fixture
def closed() -> Iterator[str]:
    """Give a loopback endpoint whose port is taken and refuses."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def test_the_sandbox_is_healthy(tmp_path: Path) -> None:
    """The first command of the README: no account, no network, every check, exit code 0, standard error silent."""
    done = imdoctor(tmp_path, "run", "--sandbox")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("HEALTHY: console.tim.qq.com:443 (sandbox)")


def test_the_sandboxs_json_is_valid(tmp_path: Path) -> None:
    """The sandbox's JSON validates against the schema that the program prints."""
    done = imdoctor(tmp_path, "run", "--sandbox", environ={"IMDOCTOR_FORMAT": "json"})
    report = json.loads(done.out)
    Draft202012Validator(json.loads(here(tmp_path, "config", "schema", "--report").out)).validate(report)
    assert json.loads(json.dumps(schema())) == json.loads(here(tmp_path, "config", "schema", "--report").out)
    assert (report["exit_code"], report["targets"][0]["settings"]["credential"]) == (0, "secret_key")


def test_a_refused_target_fails_in_every_format(tmp_path: Path, closed: str) -> None:
    """The exit code is the report's own, in every format; and --fail-on does not change a failure."""
    for extra in ((), ("--format=json",), ("--fail-on=warn",), ("-v",)):
        done = here(tmp_path, "run", closed, "--check=tcp", "--no-third-party", *extra)
        assert done.code == 2
        assert "tcp.refused" in done.out


@pytest.mark.parametrize(("fail_on", "code"), [("fail", 0), ("warn", 1)])
def test_warnings_exit_as_asked(tmp_path: Path, fail_on: str, code: int) -> None:
    """Warnings alone are exit code 0, or 1 with --fail-on warn."""
    (tmp_path / "imdoctor.yaml").write_text("version: 1\ntargets: [{client: {timeout: 2s}}]\n")
    done = here(tmp_path, "run", "--check=client", f"--fail-on={fail_on}")
    assert done.code == code
    assert "client.timeout-too-short" in done.out


def test_targets_are_chosen(tmp_path: Path) -> None:
    """--target leaves the named ones, in the file's order; without it there are all."""
    (tmp_path / "imdoctor.yaml").write_text("targets: [{name: a}, {name: b}, {name: c}]\n")
    chosen = here(tmp_path, "run", "--check=client", "--target=c", "--target=a", "--format=json")
    every = here(tmp_path, "run", "--check=client", "--format=json")
    assert [target["name"] for target in json.loads(chosen.out)["targets"]] == ["a", "c"]
    assert [target["name"] for target in json.loads(every.out)["targets"]] == ["a", "b", "c"]


def test_checks_are_chosen(tmp_path: Path) -> None:
    """--check leaves the named ones, --skip the others; with none left nothing is known."""
    for arguments, names in (
        (("--check=client", "--check=usersig"), ["client", "usersig"]),
        (("--check=client", "--skip=client"), []),
    ):
        done = here(tmp_path, "run", "127.0.0.1:1", "--format=json", *arguments)
        assert [check["name"] for check in json.loads(done.out)["targets"][0]["checks"]] == names
        assert done.code == 3


def test_a_host_reads_no_file(tmp_path: Path) -> None:
    """With HOST not even a broken configuration in the working directory is read."""
    (tmp_path / "imdoctor.yaml").write_text("broken: [")
    done = here(tmp_path, "run", "127.0.0.1:1", "--check=client", "--format=json")
    assert json.loads(done.out)["targets"][0]["endpoint"] == "127.0.0.1:1"


def test_with_neither_it_is_the_china_site_anonymously(tmp_path: Path) -> None:
    """Without HOST and file the target is the China site's domain, without a credential."""
    told = json.loads(here(tmp_path, "run", "--check=client", "--format=json").out)["targets"][0]
    assert told["endpoint"] == "console.tim.qq.com:443"
    assert told["settings"]["credential"] == "none"


def test_the_report_carries_every_threshold(tmp_path: Path) -> None:
    """The settings in the report hold each check's options, defaults included, so that it can be judged anew."""
    (tmp_path / "imdoctor.yaml").write_text("checks: {usersig: {expiring: 3d}}\n")
    checks = json.loads(here(tmp_path, "run", "--check=client", "--format=json").out)["targets"][0]["settings"][
        "checks"
    ]
    assert checks["usersig"]["expiring"] == 3 * 86400
    assert checks["dns"]["slow"] == pytest.approx(0.2)


def forms(secret: str) -> set[str]:
    """Return the forms in which a secret could turn up."""
    raw = secret.encode()
    return {secret, urllib.parse.quote(secret), raw.hex(), base64.b64encode(raw).decode()[:-4]}


@pytest.mark.parametrize("extra", [(), ("-v",), ("--format=json",)], ids=str)
def test_no_secret_is_in_any_output(tmp_path: Path, closed: str, extra: tuple[str, ...]) -> None:
    """Neither the key nor the usersig made from it is in what is printed, in any usual form."""
    done = imdoctor(tmp_path, "run", closed, *ACCOUNT, *CHECKS, *extra, environ={"KEY": KEY, "IMDOCTOR_DEBUG": "1"})
    assert done.code == 2
    assert not [form for form in forms(KEY) if form in done.out + done.err]
    assert "eJw" not in done.out + done.err
    assert "tcp.refused" in done.out


PLUGIN = """
import os
from typing import ClassVar
from imdoctor import Observation

class Leaky:
    name: ClassVar = "leaky"
    title: ClassVar = "Does it leak?"
    step: ClassVar = None
    findings: ClassVar = {}

    async def observe(self, ctx) -> Observation:
        raise RuntimeError("observing with " + ctx.credential.secret_key.reveal())

    def judge(self, seen, settings, others):
        return ()

    def plan(self, ctx):
        raise RuntimeError("planning with " + ctx.credential.secret_key.reveal())

CHECKS = (Leaky(),)
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """Install a plugin that crashes with the secret in its error, and one that cannot be loaded."""
    (tmp_path / "leaky.py").write_text(PLUGIN)
    info = tmp_path / "imdoctor_leaky-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: imdoctor-leaky\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[imdoctor.checks]\nleaky = leaky:CHECKS\ngone = gone:CHECKS\n")
    return tmp_path


@pytest.mark.parametrize("debug", ["0", "1"])
def test_a_defect_exits_by_70_without_a_secret(plugin: Path, debug: str) -> None:
    """A defect is told in a sentence, with its traceback under IMDOCTOR_DEBUG=1, and secrets in it are masked."""
    environ = {"PYTHONPATH": str(plugin), "KEY": KEY, "IMDOCTOR_DEBUG": debug}
    done = imdoctor(plugin, "plan", "127.0.0.1:1", *ACCOUNT, "--check=leaky", environ=environ)
    assert (done.code, done.out) == (70, "")
    assert "a defect of imdoctor itself" in done.err
    assert "RuntimeError: planning with ***" in done.err
    assert ("Traceback" in done.err) == (debug == "1")
    assert KEY not in done.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_crash_of_a_check_shows_no_secret(plugin: Path, form: str) -> None:
    """A check that crashes with a secret in its error is unknown, and the secret masked, wherever a line would have ended."""
    environ = {"PYTHONPATH": str(plugin), "KEY": KEY}
    done = imdoctor(plugin, "run", "127.0.0.1:1", *ACCOUNT, "--check=leaky", f"--format={form}", environ=environ)
    assert done.code == 3
    assert "observing with ***" in " ".join(done.out.split())
    assert KEY[:20] not in done.out + done.err


def test_a_plugin_that_cannot_be_loaded_is_told(plugin: Path) -> None:
    """A broken plugin is a warning on standard error; the others are listed."""
    done = imdoctor(plugin, "checks", environ={"PYTHONPATH": str(plugin)})
    assert done.code == 0
    assert "imdoctor-leaky 1.0" in done.out
    warning = json.loads(done.err)
    assert (warning["level"], warning["entry"]) == ("warning", "gone:CHECKS")


@contextmanager
def silent_run(cwd: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a run against an endpoint that accepts and says nothing, and hand it out once it is waiting there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        host = f"127.0.0.1:{server.getsockname()[1]}"
        arguments = [sys.executable, "-m", "imdoctor", "run", host, "--check=tls", "--check=client", "--no-third-party"]
        with subprocess.Popen(
            arguments, cwd=cwd, env=environment(cwd), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            accepted, _ = server.accept()
            with accepted:
                accepted.settimeout(30)
                assert accepted.recv(1) == b"\x16"  # a TLS record of the kind handshake (RFC 8446 §5.1)
                yield process
            process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_tells_what_it_found(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """A signal ends the run at once: the report holds what was found so far, and the exit code names the signal."""
    with silent_run(tmp_path) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (code, "")
    assert "stopped before it was done" in out
    assert out.startswith("NOT KNOWN")
