"""`imdoctor usersig` as whole processes: decoded, verified, made, and the secret nowhere."""

import base64
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import TLSSigAPIv2

from imdoctor.cli.usersig_new import DAY, MOST_DAYS
from imdoctor.im.usersig import UserSig, decode, verify
from imdoctor.im.usersig_verdict import LONGEST, SHORTEST
from tests.cli.process import KEY, Done, here, imdoctor
from tests.im.test_usersig import TIME, golden

SIG = golden()
WHOSE = ("--identifier=xiaojun", "--sdkappid=1400000000")
THEN = "--at=2023-11-15T00:00:00+00:00"
ENVIRON = {"KEY": KEY, "SIG": SIG, "BLANK": f"{KEY} ", "PEM": "-----BEGIN PRIVATE KEY-----\nx", "BAD": "eJx"}
URL = (
    f"https://console.tim.qq.com/v4/a/b?sdkappid=1400000000&identifier=xiaojun&usersig={SIG}&random=1&contenttype=json"
)


def silent(done: Done) -> Done:
    """See to it that a command showed neither the usersig nor the key."""
    assert SIG not in done.out + done.err
    assert KEY not in done.out + done.err
    return done


def file(folder: Path, text: str) -> str:
    """Write a secret's file as it should be."""
    path = folder / "usersig"
    path.write_text(text)
    path.chmod(0o600)
    return "usersig"


@pytest.mark.parametrize("source", ["file", "input", "env", "url"])
def test_show_decodes_from_everywhere(tmp_path: Path, source: str) -> None:
    """A usersig is decoded from a file, from a curl line on standard input, from a variable, and from a URL."""
    how = {
        "file": (file(tmp_path, f"{SIG}\n"),),
        "input": ("-",),
        "env": ("--usersig-env=SIG",),
        "url": (URL,),
    }[source]
    done = silent(
        imdoctor(tmp_path, "usersig", "show", *how, environ=ENVIRON, stdin=f"curl -X POST '{URL}' -d '{{}}'\n")
    )
    assert done.code == 0
    for told in (
        "2 (HMAC-SHA256)",
        "xiaojun",
        "1400000000",
        "2023-11-14T22:13:20Z",
        "2024-05-12T22:13:20Z",
        "180 days",
    ):
        assert told in done.out
    assert bool(done.err) == (source == "url")  # every user of the host sees an argument: that is warned of


def test_show_as_json(tmp_path: Path) -> None:
    """For programs a usersig is an object; its userbuf is in base64."""
    text = golden(userbuf=b"\x00ab")
    told = json.loads(imdoctor(tmp_path, "usersig", "show", "-", "--format=json", stdin=text).out)
    assert told.pop("fingerprint").isalnum()
    assert told == {
        "version": 2,
        "identifier": "xiaojun",
        "sdkappid": 1400000000,
        "issued_at": "2023-11-14T22:13:20Z",
        "expires_at": "2024-05-12T22:13:20Z",
        "lifetime_seconds": 15552000,
        "userbuf": "AGFi",
    }


def test_show_says_what_is_wrong(tmp_path: Path) -> None:
    """A usersig that does not decode is told in the check's own words, by exit code 2, in both formats."""
    for extra in ((), ("--format=json",)):
        done = imdoctor(tmp_path, "usersig", "show", "-", *extra, stdin=SIG[:-5])
        assert done.code == 2
        assert "usersig.truncated" in done.out
        assert "is no multiple of 4: some are missing." in done.out
        assert SIG[:40] not in done.out


VERIFIED: dict[str, tuple[tuple[str, ...], int, str]] = {
    "valid": (("--secret-key-env=KEY", *WHOSE, THEN), 0, "VALID at 2023-11-15T00:00:00Z: for xiaojun"),
    "expired by now": (("--secret-key-env=KEY", *WHOSE), 2, "usersig.expired"),
    "another identifier": (("--secret-key-env=KEY", "--identifier=a", THEN), 2, "usersig.identifier-mismatch"),
    "another app": (("--secret-key-env=KEY", "--sdkappid=1", THEN), 2, "usersig.sdkappid-mismatch"),
    "a key with a blank": (("--secret-key-env=BLANK", THEN), 2, "without it the signature fits"),
    "a key in PEM": (("--secret-key-env=PEM", THEN), 2, "one in PEM form"),
    "no key": ((THEN,), 3, "UNDECIDED"),
}


@pytest.mark.parametrize("name", VERIFIED)
def test_verify(tmp_path: Path, name: str) -> None:
    """The exit code and the reasons are the verdict's, in both formats."""
    arguments, code, said = VERIFIED[name]
    for extra in ((), ("--format=json",)):
        command = ("usersig", "verify", "--usersig-env=SIG", *arguments, *extra)
        done = silent(here(tmp_path, *command, environ=ENVIRON))
        assert done.code == code
        if extra:
            assert json.loads(done.out)["exit_code"] == code
        else:
            assert said in " ".join(done.out.split())


def test_verify_holds_a_url_against_itself(tmp_path: Path) -> None:
    """The identifier and the SDKAppID of a whole request are what its usersig is held against."""
    for url, code in ((URL, 0), (URL.replace("identifier=x", "identifier=X"), 2)):
        command = ("usersig", "verify", "-", "--secret-key-env=KEY", THEN)
        assert silent(imdoctor(tmp_path, *command, environ=ENVIRON, stdin=url)).code == code


def test_a_made_usersig_is_the_official_packages(tmp_path: Path) -> None:
    """What `new` prints is signed as the official package signs it, and `verify` finds it valid now."""
    done = imdoctor(tmp_path, "usersig", "new", "--secret-key-env=KEY", *WHOSE, "--userbuf=a b", environ=ENVIRON)
    assert (done.code, done.err) == (0, "")
    sig = decode(done.out.strip())
    assert isinstance(sig, UserSig)
    assert (sig.identifier, sig.sdkappid, sig.expire, sig.userbuf) == ("xiaojun", 1400000000, 60 * 86400, b"a b")
    official = TLSSigAPIv2.TLSSigAPIv2(1400000000, KEY)
    assert verify(sig, key=KEY)
    signature = official._TLSSigAPIv2__hmacsha256("xiaojun", sig.time, sig.expire, base64.b64encode(b"a b").decode())
    assert base64.b64decode(signature) == sig.sig
    again = imdoctor(
        tmp_path, "usersig", "verify", "-", "--secret-key-env=KEY", *WHOSE, environ=ENVIRON, stdin=done.out
    )
    assert again.code == 0


def test_the_official_packages_usersig_is_verified(tmp_path: Path) -> None:
    """What the official package makes is valid here."""
    text = TLSSigAPIv2.TLSSigAPIv2(1400000000, KEY).gen_sig("xiaojun", 86400)
    done = imdoctor(tmp_path, "usersig", "verify", "-", "--secret-key-env=KEY", *WHOSE, environ=ENVIRON, stdin=text)
    assert (done.code, done.err) == (0, "")


def test_a_file_is_private_from_the_start(tmp_path: Path) -> None:
    """A file has mode 0600 whatever the umask; one that is there stays, unless --force replaces it at once."""
    made = ("usersig", "new", "--secret-key-env=KEY", *WHOSE)
    assert imdoctor(tmp_path, *made, "-o", "sig", environ=ENVIRON).code == 0
    path = tmp_path / "sig"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    assert before == before.strip()
    refused = imdoctor(tmp_path, *made, "-o", "sig", environ=ENVIRON)
    assert refused.code == 74
    assert "sig is there already" in refused.err
    assert path.read_text() == before
    path.chmod(0o644)
    assert imdoctor(tmp_path, *made, "-o", "sig", "--force", "--days=1", environ=ENVIRON).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() != before
    assert [item.name for item in tmp_path.iterdir()] == ["sig"]


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    """A link in the file's place leads no secret elsewhere."""
    (tmp_path / "sig").symlink_to(tmp_path / "elsewhere")
    made = ("usersig", "new", "--secret-key-env=KEY", *WHOSE, "-o", "sig")
    assert imdoctor(tmp_path, *made, environ=ENVIRON).code == 74
    assert imdoctor(tmp_path, *made, "--force", environ=ENVIRON).code == 0
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "sig").is_symlink()


def test_a_key_with_a_blank_is_warned_of(tmp_path: Path) -> None:
    """White space at an end of the key is warned of, and counts."""
    done = imdoctor(tmp_path, "usersig", "new", "--secret-key-env=BLANK", *WHOSE, environ=ENVIRON)
    assert done.code == 0
    assert "begins or ends with white space" in done.err
    sig = decode(done.out.strip())
    assert isinstance(sig, UserSig)
    assert verify(sig, key=f"{KEY} ")


BAD: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no usersig": (("show",), 64, "name one usersig"),
    "two usersigs": (("show", "a", "--usersig-env=SIG"), 64, "name one usersig"),
    "a usersig as an argument": (("show", SIG), 64, "a usersig is no argument"),
    "a usersig as a variable's name": (("show", f"--usersig-env={SIG}"), 64, "looks like a secret itself"),
    "a file that is not there": (("show", "gone"), 78, "does not exist: check the path"),
    "a variable that is not there": (("show", "--usersig-env=GONE"), 78, "has no variable GONE"),
    "a moment without its offset": (("verify", "--usersig-env=SIG", "--at=2026-01-01T00:00:00"), 64, "is no moment"),
    "no moment": (("verify", "--usersig-env=SIG", "--at=now"), 64, "is no moment"),
    "a moment before all": (("verify", "--usersig-env=SIG", "--at=0001-01-01T00:00:00+23:00"), 64, "is no moment"),
    "two keys": (("new", "--secret-key-env=KEY", "--secret-key-file=a", *WHOSE), 64, "two of a kind"),
    "no key": (("new", *WHOSE), 64, "name the secret key"),
    "a key as a file's name": (("new", f"--secret-key-file={KEY}", *WHOSE), 64, "looks like a secret itself"),
    "a key that is not there": (("new", "--secret-key-file=gone", *WHOSE), 78, "does not exist"),
    "a key in PEM": (("new", "--secret-key-env=PEM", *WHOSE), 78, "take the key of version 2 from the console"),
    "no identifier": (("new", "--secret-key-env=KEY", "--sdkappid=1"), 64, "--identifier"),
    "an empty identifier": (("new", "--secret-key-env=KEY", "--sdkappid=1", "--identifier="), 64, "1 to 32 bytes"),
    "a long identifier": (("new", "--secret-key-env=KEY", "--sdkappid=1", f"--identifier={'a' * 33}"), 64, "1 to 32"),
    "no days": (("new", "--secret-key-env=KEY", *WHOSE, "--days=0"), 64, "--days"),
    "too many days": (("new", "--secret-key-env=KEY", *WHOSE, "--days=18263"), 64, "--days"),
    "a folder that is not there": (("new", "--secret-key-env=KEY", *WHOSE, "-o", "a/b"), 74, "could not be written"),
    "a folder to replace": (("new", "--secret-key-env=KEY", *WHOSE, "-o", ".", "--force"), 74, "could not be written"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_amiss(tmp_path: Path, name: str) -> None:
    """Each mistake has its exit code and a sentence; no secret is repeated, and nothing stands on standard output."""
    arguments, code, sentence = BAD[name]
    done = silent(here(tmp_path, "usersig", *arguments, environ=ENVIRON))
    assert (done.code, done.out) == (code, "")
    assert sentence in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("stdin", "sentence"), [("", "is empty"), ("x" * 70000, "more than 64 KiB"), ("\udcff", "no text")]
)
def test_standard_input_that_is_no_usersig(tmp_path: Path, stdin: str, sentence: str) -> None:
    """Standard input that can be no usersig is told by exit code 64."""
    data = stdin.encode("utf-8", "surrogateescape")
    command = [sys.executable, "-m", "imdoctor", "usersig", "show", "-"]
    done = subprocess.run(command, cwd=tmp_path, input=data, capture_output=True, check=False)
    assert done.returncode == 64
    assert sentence in done.stderr.decode()


def test_fifty_years_are_the_most() -> None:
    """A usersig of the longest lifetime that `new` makes is still within what the documents allow."""
    assert SHORTEST == DAY
    assert MOST_DAYS * DAY <= LONGEST < (MOST_DAYS + 1) * DAY
    assert TIME + LONGEST < 2**32
