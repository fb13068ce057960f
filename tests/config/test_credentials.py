"""Secrets from files and variables: what is read, what is refused in which words, and that none is ever repeated."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from imdoctor.config.credentials import Loaded, read_credential
from imdoctor.config.model import Target
from imdoctor.config.problems import ConfigError
from imdoctor.config.secrets import Secret
from imdoctor.im import usersig
from imdoctor.net.kept import Kept

KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
SIG = "eJwtzEELgjAYxvHvsnPIu7lpCl2qQ4cIIqWzuFmvpSxZUYTfPdFuz*8Pz4dk2yN7mo6k"
NOW = 1_700_000_000


def read(base: Path, environ: Mapping[str, str] | None = None, **fields: Any) -> Loaded:
    """Return the credential of a target, read from a folder and an environment."""
    target = Target(name="prod", sdkappid=1400000000, identifier="administrator", **fields)
    return read_credential(target, environ=environ or {}, base=base, wall=lambda: NOW + 0.9)


def refused(base: Path, environ: Mapping[str, str] | None = None, **fields: Any) -> str:
    """Return the sentence with which a credential is refused."""
    with pytest.raises(ConfigError) as caught:
        read(base, environ, **fields)
    return "\n".join(map(str, caught.value.problems))


def private(path: Path, data: bytes | str) -> Path:
    """Write a file that its owner alone may read."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    path.chmod(0o600)
    return path


def test_none_is_none(tmp_path: Path) -> None:
    """Without a credential there is none, and nothing to warn of."""
    loaded = read(tmp_path)
    assert (loaded.credential.kind, loaded.warnings) == ("none", ())


def test_a_usersig_file_is_stripped(tmp_path: Path) -> None:
    """White space around a usersig in a file is no part of it."""
    private(tmp_path / "sig", f" {SIG}\r\n\n")
    credential = read(tmp_path, usersig_file="sig").credential
    assert credential.usersig == Secret(SIG)
    assert (credential.kind, credential.made) == ("usersig", False)


KEYS = {
    "as it stands": (KEY, KEY),
    "one line end": (f"{KEY}\n", KEY),
    "one line end of Windows": (f"{KEY}\r\n", KEY),
    "two line ends": (f"{KEY}\n\n", f"{KEY}\n"),
    "a space at its end": (f"{KEY} \n", f"{KEY} "),
    "a space at its beginning": (f" {KEY}", f" {KEY}"),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_file_loses_one_line_end(tmp_path: Path, name: str) -> None:
    """A key is used as it stands but for the line end that editors add: white space in it is a finding of its own."""
    written, kept = KEYS[name]
    private(tmp_path / "key", written)
    assert read(tmp_path, secret_key_file="key").credential.secret_key == Secret(kept)


def test_a_usersig_is_made_from_the_key(tmp_path: Path) -> None:
    """From a secret key a usersig is made for the run: for the app and its identifier, now, for a day."""
    credential = read(tmp_path, {"KEY": KEY}, secret_key_env="KEY").credential
    assert (credential.kind, credential.made) == ("secret_key", True)
    assert credential.usersig
    made = usersig.decode(credential.usersig.reveal())
    assert isinstance(made, usersig.UserSig)
    assert (made.sdkappid, made.identifier, made.time, made.expire) == (1400000000, "administrator", NOW, 86400)
    assert usersig.verify(made, key=KEY)


@pytest.mark.parametrize(
    ("key", "later", "stays"), [(KEY, 299, True), (KEY, 300, False), (KEY, -1, False), (KEY[::-1], 0, False)]
)
def test_a_made_usersig_stays_while_its_key_does(tmp_path: Path, key: str, later: int, *, stays: bool) -> None:
    """What was made for one round serves the next: for five minutes by the clock, with the same key, and never before it was made."""
    first = read(tmp_path, {"KEY": KEY}, secret_key_env="KEY").credential
    target = Target(name="prod", sdkappid=1400000000, identifier="administrator", secret_key_env="KEY")
    again = read_credential(
        target, environ={"KEY": key}, base=tmp_path, wall=lambda: NOW + later, last=first
    ).credential
    assert again.secret_key == Secret(key)
    assert (again == first) is stays
    assert again.made_at == (NOW if stays else NOW + later)


def test_a_kept_file_is_read_when_it_has_changed(tmp_path: Path) -> None:
    """Where things are kept, a secret's file is read once until it changes or goes; what was kept of it is shown to nobody."""
    kept, path = Kept(wall=lambda: NOW * 2.0), private(tmp_path / "sig", SIG)
    target = Target(name="prod", usersig_file="sig")

    def text() -> str | None:
        held = read_credential(target, environ={}, base=tmp_path, wall=lambda: NOW, kept=kept).credential.usersig
        return None if held is None else held.reveal()

    assert [text(), text()] == [SIG, SIG]
    assert SIG not in repr(kept)
    (again,) = kept._things.values()
    kept._things.update(dict.fromkeys(kept._things, again._replace(itself=("as it was kept", ()))))
    assert text() == "as it was kept"
    private(path, f"{SIG}another")
    assert text() == f"{SIG}another"
    path.unlink()
    with pytest.raises(ConfigError, match="does not exist"):
        text()


def test_a_variable_is_taken_as_it_stands(tmp_path: Path) -> None:
    """A variable's value is not stripped: what is odd about it is a finding."""
    assert read(tmp_path, {"SIG": f"{SIG} "}, usersig_env="SIG").credential.usersig == Secret(f"{SIG} ")


def test_the_credentials_directory_comes_first(tmp_path: Path) -> None:
    """A relative path starts from $CREDENTIALS_DIRECTORY where the file is there, else from the configuration's folder."""
    there, beside = tmp_path / "there", tmp_path / "beside"
    there.mkdir()
    beside.mkdir()
    private(beside / "sig", f"{SIG}beside")
    environ = {"CREDENTIALS_DIRECTORY": str(there)}
    assert read(beside, environ, usersig_file="sig").credential.usersig == Secret(f"{SIG}beside")
    private(there / "sig", f"{SIG}there")
    assert read(beside, environ, usersig_file="sig").credential.usersig == Secret(f"{SIG}there")
    absolute = str(beside / "sig")
    assert read(tmp_path, environ, usersig_file=absolute).credential.usersig == Secret(f"{SIG}beside")


@pytest.mark.parametrize(("named", "name"), [("sig", "sig"), ("keys/sig", "keys-sig"), ("{base}/sig", None)])
def test_a_path_has_a_name_in_the_credentials_directory(tmp_path: Path, named: str, name: str | None) -> None:
    """Where a path cannot stand, `-` stands for each `/`; that comes before what the path itself leads to."""
    named = named.format(base=tmp_path)
    (tmp_path / "keys").mkdir()
    for place in ("sig", "keys/sig"):
        private(tmp_path / place, f"{SIG}beside")
    (tmp_path / "there").mkdir()
    private(tmp_path / "there" / (name or str(tmp_path / "sig").strip("/").replace("/", "-")), f"{SIG}there")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "there")}
    assert read(tmp_path, environ, usersig_file=named).credential.usersig == Secret(f"{SIG}there")


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o644, True)]
)
def test_a_file_that_others_can_read_is_a_warning(tmp_path: Path, mode: int, warned: bool) -> None:
    """Others' eyes on a secret are worth a warning that says what to do, and no error."""
    path = private(tmp_path / "sig", SIG)
    path.chmod(mode)
    warnings = read(tmp_path, usersig_file="sig").warnings
    assert bool(warnings) == warned
    assert all(f"chmod 600 {path}" in warning for warning in warnings)


FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty: write the secret key into it, and nothing else"),
    "only a line end": (b"\n", "is empty: write the secret key into it, and nothing else"),
    "binary": (b"\xff\xfe\x00\x01", "is not text: write the secret key into it, and nothing else"),
    "a NUL": (b"abc\0def", "is not text: write the secret key into it, and nothing else"),
    "a byte order mark": (
        b"\xef\xbb\xbf" + KEY.encode(),
        "begins with a byte order mark: write the secret key into it",
    ),
    "one byte too much": (b"a" * (64 * 1024 + 1), "is larger than 64 KiB: it cannot be the right file"),
}


@pytest.mark.parametrize("name", FILES)
def test_bad_files_are_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    """Each file that can hold no secret is refused in words that say what to do, and that do not repeat it."""
    data, sentence = FILES[name]
    private(tmp_path / "key", data)
    told = refused(tmp_path, secret_key_file="key")
    assert told.startswith("target prod: secret_key_file: ")
    assert sentence in told
    assert KEY not in told


def test_the_largest_file_is_read(tmp_path: Path) -> None:
    """64 KiB are not too much."""
    private(tmp_path / "sig", "a" * 64 * 1024)
    assert read(tmp_path, usersig_file="sig").credential.kind == "usersig"


def test_what_is_no_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A missing file, a directory, a pipe, a device, a file of 10 GB: each is refused at once."""
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(10 * 1024**3)
    expected = {
        "missing": "missing does not exist: check the path",
        "directory": "directory is a directory: name the file in it",
        "pipe": "pipe is a pipe, which is not read: write its content to a file",
        "/dev/zero": "/dev/zero is a device: name a file",
        "huge": "huge is larger than 64 KiB: it cannot be the right file",
        "a\0b": "is no path: it holds a NUL character",
    }
    for name, sentence in expected.items():
        assert sentence in refused(tmp_path, usersig_file=name)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """A file of somebody else's is refused with what to do; root may read it all the same."""
    private(tmp_path / "sig", SIG).chmod(0)
    if os.geteuid() == 0:
        assert stat.S_IMODE((tmp_path / "sig").stat().st_mode) == 0
        assert read(tmp_path, usersig_file="sig").credential.usersig == Secret(SIG)
    else:
        assert "may not be read by this user" in refused(tmp_path, usersig_file="sig")


VARIABLES = {
    "not set": ("GONE", {}, "the environment has no variable GONE: export it, or name another"),
    "empty": ("SIG", {"SIG": ""}, "the variable SIG is empty: write the secret into it"),
    "blank": ("SIG", {"SIG": " "}, "the variable SIG is empty: write the secret into it"),
    "control characters": ("SIG", {"SIG": "a\x1b[m"}, "the variable SIG is not text"),
    "undecodable bytes": ("SIG", {"SIG": "a\udcff"}, "the variable SIG is not text"),
    "no name": ("my sig", {}, "what stands here is no variable's name"),
    "a usersig for a name": (SIG, {}, "looks like a secret itself and is not shown"),
    "a key for a name": ("a" + KEY[1:], {}, "looks like a secret itself and is not shown"),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_bad_variables_are_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    """Each variable that can hold no secret is refused in words that say what to do, and that do not repeat it."""
    variable, environ, sentence = VARIABLES[name]
    told = refused(tmp_path, environ, usersig_env=variable)
    assert sentence in told
    assert SIG not in told
    assert KEY[1:] not in told


def test_a_key_needs_its_app(tmp_path: Path) -> None:
    """Without an SDKAppID or an identifier no usersig can be made."""
    with pytest.raises(ConfigError, match="write sdkappid and identifier"):
        read_credential(Target(secret_key_env="KEY"), environ={"KEY": KEY}, base=tmp_path, wall=lambda: NOW)


def test_a_clock_beyond_all_dates_is_told(tmp_path: Path) -> None:
    """A clock at which no usersig can be made is refused in a sentence, without the key."""
    target = Target(sdkappid=1, identifier="a", secret_key_env="KEY")
    with pytest.raises(ConfigError) as caught:
        read_credential(target, environ={"KEY": KEY}, base=tmp_path, wall=lambda: 1e12)
    assert KEY not in str(caught.value)
