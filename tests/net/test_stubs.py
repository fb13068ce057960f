"""What is behind a resolver on this machine: files of systemd-resolved, dnsmasq, Docker and NodeLocal DNSCache."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.net.machine import Machine, resolvectl
from imdoctor.net.stubs import Stub, read_resolvectl, stubs

RESOLVED, DOCKER, NODE, OTHER = "127.0.0.53", "127.0.0.11", "169.254.20.10", "127.0.0.1"
ONE, TWO = "10.53.0.1", "10.53.0.2"
LINES = f"Global: {ONE}#dns.example\nLink 2 (eth0): {TWO} fe80::1%eth0\nLink 3 (wlan0):\n"
JSON = f'[{{"servers":[{{"addressString":"{ONE}","port":53}}],"fallbackServers":[{{"addressString":"8.8.8.8"}}]}},\
{{"ifname":"eth0","servers":[{{"addressString":"{TWO}"}}]}}]'


def host(folder: Path, files: Mapping[str, str], *, said: str | None = None) -> Machine:
    """Return a machine with these files, and a resolvectl that says this."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    async def ctl(limit: float) -> str | None:
        assert limit > 0
        return said

    return Machine(
        root=folder,
        resolv_conf=folder / "etc/resolv.conf",
        resolved_conf=folder / "run/resolved.conf",
        resolvectl=ctl,
    )


def behind(folder: Path, address: str, files: Mapping[str, str], *, said: str | None = None) -> Stub:
    """Return what is behind the one nameserver."""
    return asyncio.run(stubs(host(folder, files, said=said), [address]))[0]


def process(name: str, *arguments: str, number: int = 7) -> dict[str, str]:
    """Return the files of a running process."""
    return {f"proc/{number}/comm": f"{name}\n", f"proc/{number}/cmdline": "\0".join((name, *arguments)) + "\0"}


CASES = [
    pytest.param(
        RESOLVED,
        {"run/resolved.conf": f"# x\nnameserver {ONE}\nnameserver {TWO}\n"},
        None,
        ("systemd-resolved", (ONE, TWO)),
        id="systemd-resolved's file",
    ),
    pytest.param(RESOLVED, {}, LINES, ("systemd-resolved", (ONE, TWO, "fe80::1%eth0")), id="resolvectl's lines"),
    pytest.param(RESOLVED, {}, JSON, ("systemd-resolved", (ONE, TWO)), id="resolvectl's JSON"),
    pytest.param(RESOLVED, {}, None, ("systemd-resolved", ()), id="no resolvectl"),
    pytest.param(
        DOCKER,
        {"etc/resolv.conf": f"nameserver {DOCKER}\n# ExtServers: [{ONE} host({TWO})]\n"},
        None,
        ("Docker", (ONE, TWO)),
        id="Docker's note",
    ),
    pytest.param(DOCKER, {"etc/resolv.conf": f"nameserver {DOCKER}\n"}, None, ("Docker", ()), id="no note of Docker's"),
    pytest.param(
        NODE,
        {"etc/coredns/Corefile": f".:53 {{\n  forward . {ONE} {TWO}:53 {{\n force_tcp }}\n}}\n"},
        None,
        ("NodeLocal DNSCache", (ONE, TWO)),
        id="a Corefile",
    ),
    pytest.param(NODE, {}, None, ("NodeLocal DNSCache", ()), id="no Corefile"),
    pytest.param(
        OTHER,
        process("dnsmasq", "--no-resolv", f"--server={ONE}#5353", f"--server=/corp/{TWO}"),
        None,
        ("dnsmasq", (ONE,)),
        id="dnsmasq's command line",
    ),
    pytest.param(
        OTHER,
        {
            **process("dnsmasq"),
            "etc/dnsmasq.conf": f"no-resolv # x\nserver={ONE}#53\nconf-dir=/etc/d,*.conf\n",
            "etc/d/a.conf": f"server = {TWO}@eth0\n",
        },
        None,
        ("dnsmasq", (ONE, TWO)),
        id="dnsmasq's files",
    ),
    pytest.param(
        OTHER,
        {**process("dnsmasq"), "etc/dnsmasq.conf": "resolv-file=/run/up\n", "run/up": f"nameserver {ONE}\n"},
        None,
        ("dnsmasq", (ONE,)),
        id="dnsmasq's resolv-file",
    ),
    pytest.param(
        OTHER,
        {**process("dnsmasq"), "etc/resolv.conf": f"nameserver {OTHER}\nnameserver {ONE}\n"},
        None,
        ("dnsmasq", (ONE,)),
        id="resolv.conf, its own address left out",
    ),
    pytest.param(
        OTHER,
        process("dnsmasq", "--listen-address=192.168.122.1", f"--server={ONE}"),
        None,
        (None, ()),
        id="a dnsmasq for others",
    ),
    pytest.param(OTHER, {"etc/dnsmasq.conf": f"server={ONE}\n"}, None, (None, ()), id="a dnsmasq that does not run"),
    pytest.param(
        OTHER,
        {**process("dnsmasq"), "etc/dnsmasq.conf": "conf-file=/etc/dnsmasq.conf\n"},
        None,
        ("dnsmasq", ()),
        id="a file that names itself",
    ),
]


@pytest.mark.parametrize(("address", "files", "said", "expected"), CASES)
def test_behind_a_stub(
    tmp_path: Path,
    address: str,
    files: dict[str, str],
    said: str | None,
    expected: tuple[str | None, tuple[str, ...]],
) -> None:
    """The program and the nameservers behind it are known where the files tell; and where they stand."""
    seen = behind(tmp_path, address, files, said=said)
    assert (seen.program, seen.upstreams) == expected
    assert bool(seen.told_by) is bool(seen.upstreams)


def test_a_stub_behind_a_stub(tmp_path: Path) -> None:
    """What is behind dnsmasq is looked into as well, once, even where they go round in a circle."""
    files = {**process("dnsmasq", "--no-resolv", f"--server={RESOLVED}"), "run/resolved.conf": f"nameserver {OTHER}\n"}
    found = asyncio.run(stubs(host(tmp_path, files), [OTHER, ONE]))
    assert [(one.address, one.upstreams) for one in found] == [(OTHER, (RESOLVED,)), (RESOLVED, (OTHER,))]


def test_other_resolvers_are_no_stubs(tmp_path: Path) -> None:
    """Nothing is said of a resolver elsewhere."""
    assert asyncio.run(stubs(host(tmp_path, {}), [ONE, "223.5.5.5", "183.60.83.19"])) == ()


@given(st.binary(max_size=300))
def test_rubbish_is_passed_over(data: bytes) -> None:
    """No bytes in any of the files, or from resolvectl, make the readers stumble."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        machine = host(folder, process("dnsmasq"), said=data.decode("latin-1"))
        for file in ("etc/resolv.conf", "etc/dnsmasq.conf", "etc/coredns/Corefile", "proc/8/cmdline", "proc/8/comm"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(data)
        assert len(asyncio.run(stubs(machine, [RESOLVED, DOCKER, NODE, OTHER]))) >= 4


@pytest.mark.parametrize(
    "text", ["", "{}", "[1, [2]]", "[" * 9000, '{"servers": {"addressString": 3}}', "Failed to connect: x"]
)
def test_what_resolvectl_may_say(text: str) -> None:
    """What holds no address gives none."""
    assert list(read_resolvectl(text)) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('case "$1" in --json=short) exit 1;; esac; echo "Global: 10.53.0.1"', "Global: 10.53.0.1\n"),
        ("echo '[]'", "[]\n"),
        ("exit 1", None),
        ("sleep 60", None),
        (None, None),
    ],
    ids=["an older release", "JSON", "it fails", "it hangs", "not installed"],
)
def test_resolvectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, expected: str | None) -> None:
    """Its JSON is taken where it writes any, else its lines; one that fails or hangs says nothing."""
    if script is not None:
        file = tmp_path / "resolvectl"
        file.write_text(f"#!/bin/sh\n{script.replace('sleep', 'exec /bin/sleep')}\n")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert asyncio.run(resolvectl(0.5)) == expected
