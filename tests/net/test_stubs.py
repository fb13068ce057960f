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


DEBIAN = (
    "-x",
    "/run/dnsmasq/dnsmasq.pid",
    "-u",
    "dnsmasq",
    "-7",
    "/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new",
    "--local-service",
)

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
        {
            **process("dnsmasq", *DEBIAN),
            "etc/dnsmasq.d/corp.conf": f"server={ONE}\nno-resolv\n",
            "etc/dnsmasq.d/corp.conf.dpkg-old": f"server={TWO}\n",
            "etc/dnsmasq.d/.hidden": f"server={TWO}\n",
            "etc/resolv.conf": f"nameserver {OTHER}\nnameserver {TWO}\n",
        },
        None,
        ("dnsmasq", (ONE,)),
        id="dnsmasq as Debian starts it",
    ),
    pytest.param(
        OTHER,
        {
            **process("dnsmasq", "-kr", "/run/up"),
            "run/up": f"nameserver {ONE}\n",
            "etc/resolv.conf": f"nameserver {TWO}\n",
        },
        None,
        ("dnsmasq", (ONE,)),
        id="letters in one word, with a value behind them",
    ),
    pytest.param(
        OTHER,
        process("dnsmasq", "-S", ONE, "-C/dev/null", "--server", TWO, "-R"),
        None,
        ("dnsmasq", (ONE, TWO)),
        id="values in words of their own",
    ),
    pytest.param(
        OTHER,
        {
            **process("dnsmasq", "--conf-file=/var/lib/libvirt/default.conf"),
            "var/lib/libvirt/default.conf": "except-interface=lo\ninterface=virbr0\nlisten-address=192.168.122.1\n",
            "etc/resolv.conf": f"nameserver {OTHER}\nnameserver {ONE}\n",
        },
        None,
        (None, ()),
        id="libvirt's, for its guests",
    ),
    pytest.param(
        OTHER,
        {**process("dnsmasq"), "etc/dnsmasq.conf": f"listen-address=10.0.0.5\nserver={ONE}\n"},
        None,
        (None, ()),
        id="an address in its file",
    ),
    pytest.param(
        OTHER,
        {**process("dnsmasq", "-a10.0.0.5", "-R"), "etc/dnsmasq.conf": f"interface=eth0\nserver={ONE}\n"},
        None,
        ("dnsmasq", (ONE,)),
        id="an interface brings loopback along",
    ),
    pytest.param(OTHER, process("dnsmasq", "-p", "5353", "-S", ONE), None, (None, ()), id="another port"),
    pytest.param(
        OTHER,
        {**process("dnsmasq", "-C", "/etc/secret.conf"), "etc/resolv.conf": f"nameserver {ONE}\n"},
        None,
        ("dnsmasq", ()),
        id="a file that cannot be read",
    ),
    pytest.param(
        OTHER,
        {
            **process("dnsmasq", "--no-resolv", "--servers-file=/run/servers"),
            "run/servers": f"server={ONE}\n",
            "etc/dnsmasq.conf": "conf-dir=/etc/d,*.conf\n",
            "etc/d/a.conf": f"server={TWO}\nconf-dir=/etc/d\n",
            "etc/d/b.txt": "server=10.53.0.3\n",
        },
        None,
        ("dnsmasq", (TWO, "10.53.0.3", ONE)),
        id="a file of servers, a folder that names itself",
    ),
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


@pytest.mark.parametrize(
    ("arguments", "files", "told_by"),
    [
        (
            DEBIAN,
            {"etc/dnsmasq.d/corp.conf": f"server={ONE}\n", "etc/dnsmasq.conf": "no-resolv\n"},
            "/etc/dnsmasq.d/corp.conf",
        ),
        (("-S", ONE, "-R"), {}, "its command line"),
        (("-C", "/dev/null"), {"etc/resolv.conf": f"nameserver {OTHER}\nnameserver {ONE}\n"}, "/etc/resolv.conf"),
        (("-S", TWO, "-r", "/run/up"), {"run/up": f"nameserver {ONE}\n"}, "its command line, /run/up"),
    ],
)
def test_where_a_dnsmasqs_upstreams_stand(
    tmp_path: Path, arguments: tuple[str, ...], files: dict[str, str], told_by: str
) -> None:
    """Each is told by what names it, and not by the first file that was read."""
    assert behind(tmp_path, OTHER, {**process("dnsmasq", *arguments), **files}).told_by == told_by


VALUE = st.text(max_size=8) | st.sampled_from(["/etc/dnsmasq.conf", "/etc", "lo", OTHER, ONE, "/x,*.y,.z", "\0/\0"])
WORD = st.builds("{}{}{}".format, st.sampled_from(["-", "--", ""]), VALUE, VALUE)
LINE = st.builds(
    "{}={}".format, st.sampled_from(["conf-file", "conf-dir", "resolv-file", "server", "interface"]), VALUE
)


@given(st.lists(WORD, max_size=6), st.lists(LINE, max_size=6))
def test_any_dnsmasq_is_read(words: list[str], lines: list[str]) -> None:
    """No command line and no file makes the reader stumble, or go round in circles."""
    with TemporaryDirectory() as name:
        files = {**process("dnsmasq", *words), "etc/dnsmasq.conf": "\n".join(lines)}
        asyncio.run(stubs(host(Path(name), files), [OTHER]))


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
