"""Where no endpoint is given, the SDKAppID's number chooses the site, and every page says so."""

import json
from pathlib import Path

import pytest

from tests.cli.process import here

SAID = (
    "No endpoint is given. The domain is that of Singapore, since SDKAppID 20000000 looks like one of that site by its "
    "number. The ranges stand in no document: the console shows the app's data centre."
)
APP = ("--sdkappid", "20000000")
# The check `client` asks nobody.
RUN = ("run", *APP, "--check", "client")


@pytest.mark.parametrize("form", ["text", "markdown", "html", "junit", "nagios", "github"])
def test_pages_say_so(tmp_path: Path, form: str) -> None:
    """Whoever reads a page learns that nobody gave the domain."""
    done = here(tmp_path, *RUN, "--format", form)
    assert "adminapisgp.im.qcloud.com:443" in done.out
    assert SAID in " ".join(done.out.split())


def test_programs_learn_it(tmp_path: Path) -> None:
    """The report's settings hold the site's name, and a saved report is told of in the same words."""
    told = here(tmp_path, *RUN, "--format", "json").out
    (target,) = json.loads(told)["targets"]
    assert (target["endpoint"], target["settings"]["site"]) == ("adminapisgp.im.qcloud.com:443", "Singapore")
    (tmp_path / "report.json").write_text(told)
    assert SAID in " ".join(here(tmp_path, "judge", str(tmp_path / "report.json")).out.split())


def test_a_plan_says_so(tmp_path: Path) -> None:
    """A plan says it as text and as data."""
    assert SAID in " ".join(here(tmp_path, "plan", *APP).out.split())
    (target,) = json.loads(here(tmp_path, "plan", *APP, "--format", "json").out)
    assert (target["endpoint"], target["site"]) == ("adminapisgp.im.qcloud.com:443", "Singapore")


def test_a_configuration_may_leave_it_open(tmp_path: Path) -> None:
    """In a file each target without an endpoint has its own, by its own number; one with an endpoint keeps it, and nothing is said."""
    (tmp_path / "imdoctor.yaml").write_text(
        "version: 1\ndefaults: {sdkappid: 30000000}\n"
        "targets: [{name: a}, {name: b, sdkappid: 40000000}, {name: c, endpoint: 127.0.0.1:1}]\n"
    )
    told = json.loads(here(tmp_path, "plan", "--format", "json").out)
    assert [(one["endpoint"], one["site"]) for one in told] == [
        ("adminapikr.im.qcloud.com:443", "Seoul"),
        ("adminapiger.im.qcloud.com:443", "Frankfurt"),
        ("127.0.0.1:1", None),
    ]
    assert "No endpoint is given" not in here(tmp_path, "plan", "--target", "c").out


def test_no_file_is_read_then(tmp_path: Path) -> None:
    """An SDKAppID on the command line stands for a target of its own: a file that is there is not even looked at."""
    (tmp_path / "imdoctor.yaml").write_text("not: [valid")
    assert here(tmp_path, "plan", *APP).code == 0
    assert here(tmp_path, "plan").code == 78


def test_nothing_is_chosen_without_a_number(tmp_path: Path) -> None:
    """With neither an endpoint nor a number it is the China site's domain, and with an endpoint it is that."""
    for arguments in (("plan",), ("plan", "console.tim.qq.com", *APP)):
        assert "No endpoint is given" not in here(tmp_path, *arguments).out
        (target,) = json.loads(here(tmp_path, *arguments, "--format", "json").out)
        assert (target["endpoint"], target["site"]) == ("console.tim.qq.com:443", None)
