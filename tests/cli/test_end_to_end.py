"""Every command there is, run as people and programs run it: as a process of its own."""

from pathlib import Path

import pytest

from imdoctor.cli import cli
from imdoctor.cli.lazy import LazyGroup
from tests.cli.process import KEY, imdoctor, leaves

APP = ("--sdkappid", "1400000000", "--identifier", "administrator")
URL = "https://console.tim.qq.com/v4/a/b?sdkappid=1400000000&identifier=administrator&usersig=***&random=77&contenttype=json"
RUNS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "run": (("--sandbox",), 0, "HEALTHY: console.tim.qq.com:443"),
    "watch": (("127.0.0.1:1", "--check=client", "--once", "--state=state"), 3, ""),
    "history": (("--state=nowhere",), 0, "no runs are remembered in"),
    "judge": (("report.json",), 2, "FAILED: console.tim.qq.com:443"),
    "diff": (("report.json", "report.json"), 0, "The same: "),
    "bundle": (("report.json", "--out=b.tar.gz"), 0, "report.json  "),
    "checks": ((), 0, "Can the port of every address be reached?"),
    "explain": (("request.method",), 0, "request.method (fail): "),
    "usersig show": (("-",), 0, "identifier   administrator"),
    "usersig verify": (("-", *APP, "--secret-key-env=KEY"), 0, "VALID"),
    "usersig new": ((*APP, "--secret-key-env=KEY"), 0, "eJ"),
    "lint": ((URL,), 0, "usersig=***"),
    "plan": (("--sandbox",), 0, "sandbox: console.tim.qq.com:443, with "),
    "drill": (("tls.cert-expired", "-q"), 2, "FAIL console.tim.qq.com:443"),
    "config check": (("imdoctor.yaml",), 0, "imdoctor.yaml: good: 1 target"),
    "config init": (APP, 0, "version: 1"),
    "config schema": ((), 0, '"$schema"'),
    "completion": (("fish",), 0, "complete --no-files --command imdoctor"),
    "systemd install": (("--dry-run", "--prefix=root", "--config=imdoctor.yaml"), 0, "[Unit]"),
    "systemd uninstall": (("--prefix=root",), 0, "nothing of imdoctor's is there"),
    "systemd alert": (("imdoctor.service", "--state=nowhere"), 0, ""),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a report and a configuration."""
    path = tmp_path_factory.mktemp("e2e")
    (path / "report.json").write_text(imdoctor(path, "drill", "tls.cert-expired", "--format=json").out)
    (path / "imdoctor.yaml").write_text("version: 1\ntargets: [{endpoint: '127.0.0.1:1'}]\n")
    return path


@pytest.mark.parametrize("name", RUNS)
def test_a_command_as_a_process(folder: Path, name: str) -> None:
    """It starts, does what it is for, and exits as it should; the key is in no output."""
    arguments, code, said = RUNS[name]
    stdin = imdoctor(folder, "usersig", "new", *APP, "--secret-key-env=KEY", environ={"KEY": KEY}).out
    done = imdoctor(folder, *name.split(), *arguments, environ={"KEY": KEY}, stdin=stdin)
    assert done.code == code, done
    assert said in done.out
    assert KEY not in done.out + done.err


def test_no_command_is_left_out() -> None:
    """A command that nobody runs as a process is missing above."""
    assert isinstance(cli, LazyGroup)
    assert [" ".join(words) for words in leaves(cli)] == [*RUNS]
