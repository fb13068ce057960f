"""`imdoctor config init`: a configuration to begin with, from what is given; nothing is asked."""

from pathlib import Path

import pytest

from imdoctor import registry
from imdoctor.cli.jobs import option_types
from imdoctor.config.load import load
from imdoctor.config.model import Endpoint, Target
from tests.cli.process import KEY, here, imdoctor

APP = ("--sdkappid", "20000000", "--identifier", "administrator")


def test_a_configuration_to_begin_with(tmp_path: Path) -> None:
    """Without values it is the example, printed or written; it is good as it stands, and tells of the licences of the data it names."""
    printed = here(tmp_path, "config", "init")
    written = here(tmp_path, "config", "init", "new.yaml")
    assert (printed.code, written.code) == (0, 0)
    assert "put your own values in" in written.out
    assert (tmp_path / "new.yaml").read_text() == printed.out
    assert here(tmp_path, "config", "check", str(tmp_path / "new.yaml")).code == 0
    for licence in ("GeoLite2 end user licence", "CC BY 4.0", "Apache-2.0"):
        assert licence in printed.out


def test_a_process_writes_a_file_that_is_good(tmp_path: Path) -> None:
    """From the app's number and a key's place a file is made that can be used as it is; the site is chosen, and said so."""
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o600)
    made = imdoctor(tmp_path, "config", "init", "imdoctor.yaml", *APP, "--secret-key-file", "key", "--name", "sgp")
    assert (made.code, made.err) == (0, "")
    assert made.out == "imdoctor.yaml: written; look it through, then `imdoctor config check imdoctor.yaml`\n"
    done = imdoctor(tmp_path, "config", "check", "imdoctor.yaml")
    assert (done.code, done.err, done.out) == (0, "", "imdoctor.yaml: good: 1 target (sgp)\n")
    (target,) = load(tmp_path / "imdoctor.yaml", option_types(registry.load().checks)).targets
    assert target == Target(
        name="sgp",
        endpoint=Endpoint("adminapisgp.im.qcloud.com"),
        sdkappid=20000000,
        identifier="administrator",
        secret_key_file="key",
    )
    assert "# The domain is that of Singapore, since SDKAppID 20000000" in (tmp_path / "imdoctor.yaml").read_text()


def test_an_endpoint_that_is_given_is_not_explained(tmp_path: Path) -> None:
    """Where the endpoint is given, nothing was chosen, and nothing is said of it."""
    done = here(tmp_path, "config", "init", *APP, "--endpoint", "https://console.tim.qq.com:8443")
    assert "    endpoint: console.tim.qq.com:8443 " in done.out
    assert "The domain is that of" not in done.out


def test_variables_are_read(tmp_path: Path) -> None:
    """A variable stands for its option, as everywhere."""
    done = imdoctor(tmp_path, "config", "init", environ={"IMDOCTOR_SDKAPPID": "30000000"})
    assert "    endpoint: adminapikr.im.qcloud.com " in done.out
    assert "    sdkappid: 30000000 " in done.out


BAD = {
    "plain HTTP": (("--endpoint", "http://a.example"), "--endpoint: the API is called by HTTPS only"),
    "an identifier that is too long": (
        ("--identifier", "a" * 33),
        "--identifier: an identifier has at most 32 bytes",
    ),
    "a key without its app": (("--secret-key-env", "K"), "--secret-key-env: a usersig is made for an identifier"),
    "two credentials": (("--usersig-env", "K", "--usersig-file", "k"), "names a credential already"),
    "a secret for its place": (("--usersig-file", KEY), "looks like a secret itself and is not shown"),
    "a name of nothing": (("--name", ""), "--name: a name has 1 to 64 characters"),
    "an SDKAppID of 0": (("--sdkappid", "0"), "--sdkappid"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_no_target_may_have_is_not_written(tmp_path: Path, name: str) -> None:
    """A value that a configuration may not hold is a usage error, and no file is made; no secret is repeated."""
    arguments, sentence = BAD[name]
    done = here(tmp_path, "config", "init", "new.yaml", *arguments)
    assert (done.code, done.out) == (64, "")
    assert sentence in " ".join(done.err.split())
    assert KEY not in done.err
    assert not (tmp_path / "new.yaml").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A file that is there is left alone, and a folder that is not there is named."""
    (tmp_path / "mine.yaml").write_text("mine")
    done = here(tmp_path, "config", "init", "mine.yaml")
    assert (done.code, (tmp_path / "mine.yaml").read_text()) == (74, "mine")
    assert "is there already" in done.err
    assert here(tmp_path, "config", "init", "no/such/folder.yaml").code == 74
