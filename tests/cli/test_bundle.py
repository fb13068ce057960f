"""`imdoctor bundle` as whole processes: what is in it, and that no secret is."""

import base64
import gzip
import json
import platform
import re
import stat
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from imdoctor.im.usersig import make
from tests.cli.process import KEY, Done, imdoctor

SIG = make(key=KEY, sdkappid=1400000000, identifier="administrator", time=1_700_000_000, expire=86400)
PASSWORD = "correct-horse/battery"
ENVIRON = {"KEY": KEY, "SIG": SIG, "https_proxy": f"http://me:{quote(PASSWORD, safe='')}@proxy.corp.example:3128"}
WITH = ("--secret-key-env=KEY", "--usersig-env=SIG")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the healthy sandbox's report."""
    return imdoctor(tmp_path_factory.mktemp("run"), "run", "--sandbox", "--format=json").out


def files(path: Path) -> dict[str, bytes]:
    """Return a bundle's files, by their names in its one folder."""
    with tarfile.open(path) as archive:
        opened = {entry.name: archive.extractfile(entry) for entry in archive.getmembers()}
        found = {name: file.read() for name, file in opened.items() if file}
    assert len({name.partition("/")[0] for name in found}) == 1
    return {name.partition("/")[2]: data for name, data in found.items()}


def said(done: Done, code: int = 0) -> str:
    """Return what a command that ended as it should said, without a word of the secrets."""
    assert done.code == code, done
    assert not any(secret in done.out + done.err for secret in (KEY, SIG, PASSWORD))
    return " ".join((done.out + done.err).split())


def test_a_run_is_bundled(tmp_path: Path) -> None:
    """Without a report a run is made; the bundle is for its owner alone, says what is in it, and its report can be judged."""
    told = said(imdoctor(tmp_path, "bundle", "--sandbox", "-o", "b.tar.gz"))
    path = tmp_path / "b.tar.gz"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = files(path)
    wanted = {
        "report.json",
        "report.txt",
        "chain/sandbox-1.pem",
        "contents.txt",
        "versions.txt",
        "system/resolv.conf",
        "system/hosts",
    }
    assert wanted < set(found)
    assert all(name in told for name in found)
    assert all(name in found["contents.txt"].decode() for name in set(found) - {"contents.txt"})
    assert "system/routes.txt" not in found  # this host's, which the lab has nothing to do with
    assert found["system/resolv.conf"].startswith(b"nameserver 10.53.0.1")
    assert b"BEGIN CERTIFICATE" in found["chain/sandbox-1.pem"]
    assert b"check dns from imdoctor" in found["versions.txt"]
    (tmp_path / "report.json").write_bytes(found["report.json"])
    assert imdoctor(tmp_path, "judge", "report.json").code == 0


def test_a_saved_report_is_bundled(tmp_path: Path, saved: str) -> None:
    """A report that was saved is bundled with this host's files where it is of this host; twice the same gives the same bytes."""
    (tmp_path / "r").write_text(saved)
    said(imdoctor(tmp_path, "bundle", "r", "-o", "one", *WITH, environ=ENVIRON))
    said(imdoctor(tmp_path, "bundle", "-", "-o", "two", *WITH, environ=ENVIRON, stdin=saved))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    found = files(tmp_path / "one")
    assert found["system/hosts"] == Path("/etc/hosts").read_bytes()
    assert found["system/proxy.txt"] == b"https_proxy=http://me:***@proxy.corp.example:3128\n"


def test_the_default_name_is_the_runs_date(tmp_path: Path, saved: str) -> None:
    """The file is named after the run; one that is there stays, unless --force replaces it."""
    (tmp_path / "r.json").write_text(json.dumps({**json.loads(saved), "started_at": "2026-03-01T12:00:00.123Z"}))
    said(imdoctor(tmp_path, "bundle", "r.json"))
    path = tmp_path / "imdoctor-20260301T120000.tar.gz"
    assert path.exists()
    assert "is there already" in said(imdoctor(tmp_path, "bundle", "r.json"), 74)
    said(imdoctor(tmp_path, "bundle", "r.json", "--force"))
    with tarfile.open(path) as archive:
        assert {entry.mtime for entry in archive.getmembers()} == {1772366400}


def test_another_hosts_report_takes_nothing_of_this_host(tmp_path: Path, saved: str) -> None:
    """A report of another host is bundled without this host's files, and that is said."""
    report = json.loads(saved)
    report["host"]["name"] = f"not-{platform.node()}"
    (tmp_path / "r.json").write_text(json.dumps(report))
    told = said(imdoctor(tmp_path, "bundle", "r.json", "-o", "b"))
    assert "this is another host: add its resolv.conf, routes and addresses" in told
    assert not any(name.startswith("system") for name in files(tmp_path / "b"))


HIDDEN: dict[str, Callable[[str], str]] = {
    "as it stands": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "in base64": lambda text: base64.b64encode(f"key={text}".encode()).decode(),
    "in hexadecimal digits": lambda text: text.encode().hex(),
    "deflated": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "by gzip": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
}


@pytest.mark.parametrize("secret", [KEY, SIG, PASSWORD], ids=["key", "usersig", "password"])
@pytest.mark.parametrize("form", HIDDEN)
def test_a_secret_in_a_report_stops_the_bundle(tmp_path: Path, saved: str, form: str, secret: str) -> None:
    """Whatever the form in which a loaded secret stands in a report: the file is named, and nothing is written."""
    report = json.loads(saved)
    report["targets"][0]["checks"][0]["summary"] = f"said {HIDDEN[form](secret)} there"
    (tmp_path / "r.json").write_text(json.dumps(report))
    told = said(imdoctor(tmp_path, "bundle", "r.json", "-o", "b", *WITH, environ=ENVIRON), 74)
    assert "the bundle is not written: report.json holds a secret that was loaded" in told
    assert not (tmp_path / "b").exists()


def test_a_usersig_that_nobody_loaded_stops_it_too(tmp_path: Path, saved: str) -> None:
    """A whole usersig is known without being loaded."""
    report = json.loads(saved)
    report["targets"][0]["checks"][0]["summary"] = f"usersig={SIG}&random=1"
    (tmp_path / "r.json").write_text(json.dumps(report))
    done = imdoctor(tmp_path, "bundle", "r.json", "-o", "b")
    assert "report.json holds a usersig" in said(done, 74)


def test_the_configurations_secrets_are_searched_for(tmp_path: Path, saved: str) -> None:
    """With a report the configuration is read for its secrets."""
    (tmp_path / "c.yaml").write_text(
        "targets: [{sdkappid: 1400000000, identifier: administrator, secret_key_env: KEY}]\n"
    )
    report = json.loads(saved)
    report["targets"][0]["checks"][0]["summary"] = KEY
    (tmp_path / "r.json").write_text(json.dumps(report))
    assert "holds a secret" in said(imdoctor(tmp_path, "bundle", "r.json", "--config=c.yaml", environ=ENVIRON), 74)
    assert "has no variable KEY" in said(imdoctor(tmp_path, "bundle", "r.json", "--config=c.yaml"), 78)


CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def test_redacted(tmp_path: Path, saved: str) -> None:
    """With --redact no name of this host and no private address is in any file; what stands for what is said here only."""
    (tmp_path / "r.json").write_text(saved)
    done = imdoctor(tmp_path, "bundle", "r.json", "-o", "b", "--redact", *WITH, environ=ENVIRON)
    told = said(done)
    found = files(tmp_path / "b")
    host = re.compile(rb"(?<![\w-])" + re.escape(platform.node().encode()) + rb"(?![\w-])")
    for data in found.values():
        assert not host.search(CERTIFICATE.sub(b"", data))  # in its random letters a short name may stand by chance
        for name in (b"proxy.corp.example", b"10.53.0.1", b"10.0.0.2"):
            assert name not in data
    assert f"is {platform.node()}" in told
    assert "is proxy.corp.example" in told
    assert "is 10.53.0.1" in told
    report = json.loads(found["report.json"])
    server = report["targets"][0]["checks"][3]["observation"]["resolv_conf"]["nameservers"][0]
    assert f"{server} is 10.53.0.1" in told
    assert server.encode() in found["report.txt"]
    assert b"BEGIN CERTIFICATE" in found["chain/sandbox-1.pem"]


BAD: dict[str, tuple[tuple[str, ...], int, str]] = {
    "a report that is not there": (("gone.json",), 64, "gone.json does not exist"),
    "a report that is none": (("no.json",), 64, "no.json is no JSON"),
    "a report with what chooses checks": (("no.json", "--check=dns"), 64, "leave out what chooses targets and checks"),
    "a host that is none": (("a b",), 64, "HOST: 'a b' is no host name"),
    "a secret that is not there": (("r.json", "--usersig-file=gone"), 78, "does not exist"),
    "a folder that is not there": (("r.json", "-o", "a/b"), 74, "could not be written"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_amiss(tmp_path: Path, saved: str, name: str) -> None:
    """Each mistake has its exit code and a sentence."""
    arguments, code, sentence = BAD[name]
    (tmp_path / "r.json").write_text(saved)
    (tmp_path / "no.json").write_text("hello")
    assert sentence in said(imdoctor(tmp_path, "bundle", *arguments), code)
