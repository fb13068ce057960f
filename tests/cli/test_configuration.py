"""Configurations and secrets that cannot be used: exit code 78, each error on a line of its own, no secret in any."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.process import KEY, here, imdoctor

APP = "version: 1\ntargets:\n  - name: prod\n    endpoint: 127.0.0.1:1\n    sdkappid: 1400000000\n    identifier: administrator\n"


def test_every_error_on_its_line(tmp_path: Path) -> None:
    """A bad file's errors are told at once, each line beginning with its place."""
    (tmp_path / "imdoctor.yaml").write_text("versoin: 1\ntargets:\n  - timeout: 3s\n    secret_key: " + KEY + "\n")
    done = imdoctor(tmp_path, "run")
    assert (done.code, done.out) == (78, "")
    assert done.err.splitlines() == [
        f"{tmp_path}/imdoctor.yaml:1:1: unknown key 'versoin': did you mean version?",
        f"{tmp_path}/imdoctor.yaml:3:14: timeout: the IM backend's own timeout is 3 s: write more than 3s, such as 5s",
        (
            f"{tmp_path}/imdoctor.yaml:4:5: unknown key 'secret_key': a secret is a path or a variable's name: "
            "use secret_key_file or secret_key_env"
        ),
    ]


@pytest.mark.parametrize("command", [("run",), ("plan",), ("config", "check")], ids=" ".join)
def test_a_file_that_is_named_must_be_there(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A configuration that is named and missing is an error, by option and by variable."""
    for arguments, environ in (((*command, "--config", "gone.yaml"), {}), (command, {"IMDOCTOR_CONFIG": "gone.yaml"})):
        done = here(tmp_path, *arguments, environ=environ)
        assert (done.code, done.err) == (78, "gone.yaml: the configuration does not exist: check the path\n")


def test_secrets_that_cannot_be_read(tmp_path: Path) -> None:
    """A directory, a pipe, 10 GB, binary rubbish, nothing: each ends the run at once by 78 and a sentence."""
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(10 * 1024**3)
    (tmp_path / "binary").write_bytes(b"\x00\xff" + KEY.encode())
    (tmp_path / "empty").touch()
    sentences = {
        "missing": "does not exist: check the path",
        "directory": "is a directory: name the file in it",
        "pipe": "is a pipe, which is not read",
        "huge": "is larger than 64 KiB",
        "binary": "is not text",
        "empty": "is empty",
    }
    for name, sentence in sentences.items():
        (tmp_path / "imdoctor.yaml").write_text(f"{APP}    secret_key_file: {name}\n")
        done = imdoctor(tmp_path, "run")
        assert (done.code, done.out) == (78, "")
        place = f"{tmp_path}/imdoctor.yaml:7:22"
        assert done.err.startswith(f"{place}: target prod: secret_key_file: {tmp_path / name} {sentence}")
        assert KEY not in done.err


def test_secrets_of_every_target_are_told_at_once(tmp_path: Path) -> None:
    """With several targets no trouble hides another."""
    second = "  - name: test\n    usersig_env: GONE\n"
    (tmp_path / "imdoctor.yaml").write_text(f"{APP}    usersig_file: gone\n{second}")
    done = here(tmp_path, "config", "check")
    assert done.code == 78
    told = [line.removeprefix(f"{tmp_path}/imdoctor.yaml:") for line in done.err.splitlines()]
    assert [line.split(": ")[:2] for line in told] == [["7:19", "target prod"], ["9:18", "target test"]]


AUTHORITIES = {
    "missing": (None, "does not exist"),
    "no certificates": (b"hello\n", "holds no certificates"),
    "half a certificate": (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificates"),
    "empty": (b"", "holds no certificates"),
}


@pytest.mark.parametrize("name", AUTHORITIES)
def test_an_authority_file_must_hold_certificates(tmp_path: Path, name: str) -> None:
    """A ca_file that cannot serve is told before the run."""
    data, sentence = AUTHORITIES[name]
    if data is not None:
        (tmp_path / "ca.pem").write_bytes(data)
    (tmp_path / "imdoctor.yaml").write_text(f"{APP}    ca_file: ca.pem\n")
    done = here(tmp_path, "config", "check")
    assert done.code == 78
    assert f"target prod: ca_file: {tmp_path}/ca.pem {sentence}" in done.err


def test_a_good_file_is_good(tmp_path: Path) -> None:
    """A file that can be used is named with its targets, and its secrets with nothing."""
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "imdoctor.yaml").write_text(f"{APP}    secret_key_file: key\n")
    done = here(tmp_path, "config", "check")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{tmp_path}/imdoctor.yaml: good: 1 target (prod)\n"


def test_a_secret_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    """Others' eyes on a secret are a warning on standard error, as JSON off a terminal, and no error."""
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o644)
    (tmp_path / "imdoctor.yaml").write_text(f"{APP}    secret_key_file: key\n")
    done = imdoctor(tmp_path, "config", "check")
    warning = json.loads(done.err)
    assert done.code == 0
    assert (warning["level"], warning["target"]) == ("warning", "prod")
    assert "chmod 600" in warning["event"]
    assert KEY not in done.err


def test_without_a_file_there_is_nothing_to_check(tmp_path: Path) -> None:
    """`config check` without any file says where it looked."""
    if Path("/etc/imdoctor/imdoctor.yaml").exists():  # a machine that has one of its own
        return
    done = here(tmp_path, "config", "check")
    assert done.code == 78
    assert "/etc/imdoctor/imdoctor.yaml" in done.err


@pytest.mark.parametrize("arguments", [("config", "schema"), ("config", "schema", "--report")], ids=" ".join)
def test_schemas_are_schemas(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Both schemas are printed, and are schemas."""
    done = here(tmp_path, *arguments)
    assert done.code == 0
    Draft202012Validator.check_schema(json.loads(done.out))


def test_the_plan_names_places_and_secrets_by_kind(tmp_path: Path) -> None:
    """A plan tells where a run would call and with which kind of secret, and shows none."""
    done = here(
        tmp_path,
        "plan",
        "127.0.0.1:1",
        "--sdkappid=1400000000",
        "--identifier=administrator",
        "--secret-key-env=KEY",
        environ={"KEY": KEY},
    )
    assert done.code == 0
    assert "made for the run from the secret key" in done.out
    assert "127.0.0.1:1" in done.out
    assert "probe: https to 127.0.0.1:1" in done.out
    assert KEY not in done.out


def test_a_proxys_password_is_not_shown(tmp_path: Path) -> None:
    """A password in a proxy's URL is a secret like any other."""
    (tmp_path / "imdoctor.yaml").write_text(f"{APP}    proxy: http://me:correct-horse@127.0.0.1:2\n")
    for arguments in (("plan",), ("run", "--check", "client", "--format", "json"), ("run", "--check", "client", "-v")):
        done = here(tmp_path, *arguments)
        assert "correct-horse" not in done.out + done.err
        assert done.out


def test_a_plan_as_data(tmp_path: Path) -> None:
    """The same as JSON: each thing with its check, place, condition, and whether it is a third party's."""
    done = here(tmp_path, "plan", "console.tim.qq.com", "--format", "json")
    (target,) = json.loads(done.out)
    assert (done.code, target["endpoint"]) == (0, "console.tim.qq.com:443")
    sends = {(one["check"], one["protocol"], one["to"], one["port"]): one for one in target["sends"]}
    assert sends["tcp", "tcp", "console.tim.qq.com", 443]["condition"] is None
    assert sends["dns", "https", "myip.ipip.net", 443]["third_party"] is True
    assert sends["dns", "udp", "ns1.google.com", 53]["condition"]
    alone = json.loads(here(tmp_path, "plan", "console.tim.qq.com", "--format", "json", "--no-third-party").out)
    assert not any(one["third_party"] for one in alone[0]["sends"])


def test_a_plan_behind_a_proxy(tmp_path: Path) -> None:
    """What goes through the proxy says so; nothing is said to go to the target directly, but on a condition."""
    environ = {"https_proxy": "http://proxy.example:3128"}
    (target,) = json.loads(here(tmp_path, "plan", "console.tim.qq.com", "--format", "json", environ=environ).out)
    direct = [one for one in target["sends"] if one["to"] == "console.tim.qq.com" and one["through"] is None]
    assert all(one["condition"] for one in direct)
    assert {one["through"] for one in target["sends"] if one["check"] == "probe"} == {"http://proxy.example:3128"}
    assert "https to console.tim.qq.com:443 through http://proxy.example:3128" in " ".join(
        here(tmp_path, "plan", "console.tim.qq.com", environ=environ).out.split()
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            "geo: {asn_zone: ..bad}",
            "imdoctor.yaml:4:21: asn_zone: '..bad' is no zone: write one such as asn.cymru.com",
        ),
        (
            "whoami: ['https://a.b:99999/']",
            "imdoctor.yaml:4:13: whoami: 'https://a.b:99999/' names no port: write one of 1 to 65535",
        ),
        ("whoami: [MX a.example]", "imdoctor.yaml:4:13: whoami: 'MX a.example' is no whoami source: write TYPE NAME"),
        ("geo: {mmdb: no-such-file}", "imdoctor.yaml:4:17: checks: dns: geo: mmdb: there is no file"),
        ("geo: {xbd: x}", "unknown key 'xbd': did you mean xdb"),
        ("third_party_timeout: 1", "write 1s"),
        ("nameservers: [foo]", "nameservers: 'foo' is no address: write one such as 223.5.5.5"),
        (
            "public_resolvers: [dns.example]",
            "public_resolvers: 'dns.example' is no address: write one such as 223.5.5.5",
        ),
    ],
)
def test_what_is_wrong_with_the_sources(tmp_path: Path, options: str, says: str) -> None:
    """A source that cannot be read and a file that is not there are told with their place."""
    (tmp_path / "imdoctor.yaml").write_text(f"version: 1\nchecks:\n  dns:\n    {options}\n")
    done = here(tmp_path, "config", "check")
    assert done.code == 78
    assert says in done.err
