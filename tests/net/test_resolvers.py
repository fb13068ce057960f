"""The resolver files: read as the C library reads them, and never stumbled over."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.net.machine import Machine
from imdoctor.net.resolvers import (
    ResolvConf,
    classify,
    hosts_entry,
    hosts_order,
    nameservers,
    read_resolv_conf,
)


def machine(folder: Path, **files: str) -> Machine:
    """Return a machine with these files; without one it does not exist."""
    paths: dict[str, Any] = {name: folder / name for name in ("resolv_conf", "resolved_conf", "hosts", "nsswitch")}
    for name, text in files.items():
        paths[name].write_text(text)
    return Machine(environ={}, **paths)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ResolvConf(), id="empty"),
        pytest.param("nameserver 10.0.0.1\n", ResolvConf(nameservers=("10.0.0.1",)), id="one"),
        pytest.param("nameserver 1.1.1.1\n" * 4, ResolvConf(nameservers=("1.1.1.1",) * 3), id="the first three"),
        pytest.param("nameserver fe80::1%eth0\n", ResolvConf(nameservers=("fe80::1%eth0",)), id="a scope"),
        pytest.param(
            "nameserver nonsense\nnameserver\n# nameserver 1.1.1.1\n;x\n", ResolvConf(), id="rubbish and comments"
        ),
        pytest.param("search a.b\ndomain c.d\n", ResolvConf(search=("c.d",)), id="the last of search and domain wins"),
        pytest.param(
            "options ndots:5 timeout:1 attempts:3\n", ResolvConf(ndots=5, timeout=1, attempts=3), id="options"
        ),
        pytest.param(
            "options ndots:99 timeout:99 attempts:99\n", ResolvConf(ndots=15, timeout=30, attempts=5), id="caps"
        ),
        pytest.param("options ndots:x rotate\n", ResolvConf(), id="options that are none"),
    ],
)
def test_resolv_conf(tmp_path: Path, text: str, expected: ResolvConf) -> None:
    """resolv.conf is read as resolv.conf(5) has it."""
    assert read_resolv_conf(machine(tmp_path, resolv_conf=text)) == expected


def test_the_environment_overrides(tmp_path: Path) -> None:
    """LOCALDOMAIN and RES_OPTIONS override the file."""
    (tmp_path / "resolv.conf").write_text("search a.b\noptions ndots:2\n")
    host = Machine(resolv_conf=tmp_path / "resolv.conf", environ={"LOCALDOMAIN": "x.y z", "RES_OPTIONS": "ndots:4"})
    assert read_resolv_conf(host) == ResolvConf(search=("x.y", "z"), ndots=4)


def test_without_a_file_this_machine_is_asked(tmp_path: Path) -> None:
    """Without resolv.conf the C library asks this machine, and the reason is kept."""
    host = machine(tmp_path)
    assert (nameservers(host), read_resolv_conf(host).error) == (("127.0.0.1",), "ENOENT")


@given(st.binary(max_size=300))
def test_rubbish_is_passed_over(data: bytes) -> None:
    """No bytes in any of the files make the readers stumble."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("resolv_conf", "resolved_conf", "hosts", "nsswitch"):
            (folder / file).write_bytes(data)
        host = machine(folder)
        assert len(nameservers(host)) >= 1
        hosts_order(host)
        hosts_entry(host, "a.b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hosts: files dns\n", ("files", "dns")),
        ("hosts:files resolve [!UNAVAIL=return] dns\n", ("files", "resolve", "dns")),
        ("passwd: files\n", ("dns", "files")),
        (None, ("dns", "files")),
    ],
    ids=["plain", "with an action", "no such line", "no file"],
)
def test_hosts_order(tmp_path: Path, text: str | None, expected: tuple[str, ...]) -> None:
    """The order of sources, actions left out; the default where none is given."""
    assert hosts_order(machine(tmp_path, **({"nsswitch": text} if text else {}))) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.example", ("43.1.1.1", "2402::1")),
        ("A.EXAMPLE.", ("43.1.1.1", "2402::1")),
        ("alias", ("43.1.1.1",)),
        ("b.example", ()),
    ],
)
def test_hosts_entry(tmp_path: Path, name: str, expected: tuple[str, ...]) -> None:
    """A name or alias is found whatever its case; what is commented out or no address is not."""
    text = "43.1.1.1 a.example alias # b.example\n2402::1 a.example\nnonsense b.example\n# 43.1.1.2 b.example\n"
    assert hosts_entry(machine(tmp_path, hosts=text), name) == expected


@pytest.mark.parametrize(
    ("address", "kind", "owner"),
    [
        ("223.5.5.5", "public", "AliDNS"),
        ("2402:4e00::", "public", "DNSPod"),
        ("183.60.83.19", "cloud-internal", "Tencent Cloud"),
        ("168.63.129.16", "cloud-internal", "Azure"),
        ("100.100.2.136", "cloud-internal", "Alibaba Cloud"),
        ("100.100.2.137", "private", None),
        ("100.128.0.1", "unknown", None),
        ("127.0.0.53", "stub", "systemd-resolved"),
        ("127.0.0.11", "stub", "Docker"),
        ("::1", "stub", None),
        ("10.0.0.1", "private", None),
        ("fe80::1%eth0", "private", None),
        ("43.1.1.1", "unknown", None),
        ("nonsense", "unknown", None),
    ],
)
def test_classify(address: str, kind: str, owner: str | None) -> None:
    """The table comes before any rule: some resolvers that are private look public."""
    known = classify(address)
    assert (known.kind, known.owner) == (kind, owner)
