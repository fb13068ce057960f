"""What a bundle is made of: the chains, the host's files, the archive itself."""

import gzip
import io
import ssl
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.bundle.archive import pack
from imdoctor.bundle.contents import of_report
from imdoctor.bundle.system import gathered, without_password
from imdoctor.lab.authority import Authority
from imdoctor.net.certificate import parse
from imdoctor.net.machine import Machine
from tests.render.reports import check, report, target


def test_the_archive_is_the_same_for_the_same_files() -> None:
    """Order, dates, owners and modes do not depend on who packs, or when."""
    files = {"b": b"2", "a/c": b"1", "名": b""}
    packed = pack(files, folder="top", mtime=1_700_000_000)
    assert packed == pack(dict(reversed(files.items())), folder="top", mtime=1_700_000_000)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        entries = archive.getmembers()
        assert [entry.name for entry in entries] == ["top/a/c", "top/b", "top/名"]
        assert {(entry.mode, entry.mtime, entry.uid, entry.gid, entry.uname) for entry in entries} == {
            (0o600, 1_700_000_000, 0, 0, "")
        }


@given(st.dictionaries(st.text("abc/.", min_size=1, max_size=8), st.binary(max_size=99)))
def test_what_is_packed_comes_out_again(files: dict[str, bytes]) -> None:
    """Every file's bytes are in the archive."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(pack(files, folder="top", mtime=0)))) as archive:
        found = [archive.extractfile(entry) for entry in archive.getmembers()]
        assert sorted(file.read() for file in found if file) == sorted(files.values())


def test_chains_are_files_once_each() -> None:
    """Each chain that was seen is one file, wherever it was seen, the leaf first; OpenSSL reads it."""
    root = Authority("Lab Root")
    one, other = root.leaf("a.example"), root.leaf("b.example")
    chains = [
        [parse(ssl.PEM_cert_to_DER_cert(item.pem().decode())) for item in (leaf, root.root)] for leaf in (one, other)
    ]
    first, second = (
        [{"subject": item.subject, "issuer": item.issuer, "pem": item.pem} for item in chain] for chain in chains
    )
    seen = {
        "paths": [{"handshake": {"chain": first}}, {"handshake": {"chain": first}, "unverified": {"chain": second}}]
    }
    made = report(
        target("prod/1", "ok", (check("tls", observation=seen), check("probe", observation={"chain": first})))
    )
    files = {item.name: item.text or "" for item in of_report(made) if item.name.startswith("chain/")}
    assert sorted(files) == ["chain/prod_1-1.pem", "chain/prod_1-2.pem"]
    assert files["chain/prod_1-1.pem"].startswith("subject: CN=a.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=files["chain/prod_1-1.pem"])
    assert context.cert_store_stats()["x509"] == 2


PASSWORDS = {
    "http://proxy:3128": "http://proxy:3128",
    "http://u:p@proxy:3128/": "http://u:***@proxy:3128/",
    "http://u@proxy:3128": "http://u:***@proxy:3128",
    "u:p@proxy:3128": "u:***@proxy:3128",
    "http://u:p@p:a/s@proxy:3128": "http://u:***@proxy:3128",
    "http://u:://@proxy": "http://u:***@proxy",
    ".corp,10.0.0.1": ".corp,10.0.0.1",
    "": "",
}


@pytest.mark.parametrize("value", PASSWORDS)
def test_a_proxys_password_is_masked(value: str) -> None:
    """A proxy's variable is shown with its user and without the password, whatever that is."""
    assert without_password(value) == PASSWORDS[value]


def test_the_hosts_files(tmp_path: Path) -> None:
    """Files are taken as they stand; one that is missing is said to be; of the environment there are the proxies alone."""
    (tmp_path / "resolv.conf").write_bytes(b"nameserver 10.0.0.1\n# \xff\n")
    machine = Machine(
        resolv_conf=tmp_path / "resolv.conf",
        resolved_conf=tmp_path / "none",
        hosts=tmp_path,
        nsswitch=tmp_path / "none",
        environ={"HTTPS_PROXY": "http://u:p@proxy", "no_proxy": "*", "SECRET": "x"},
    )
    items = {item.name: item for item in gathered(machine, programs=False)}
    assert items["system/resolv.conf"].text == "nameserver 10.0.0.1\n# \ufffd\n"
    assert "is a directory" in items["system/hosts"].what
    assert items["system/resolved.conf"].text is None
    assert items["system/proxy.txt"].text == "HTTPS_PROXY=http://u:***@proxy\nno_proxy=*\n"
    assert "system/routes.txt" not in items


@pytest.mark.needs("program:ip")
def test_what_programs_say() -> None:
    """Addresses and routes are what ip(8) says, each under its command."""
    items = {item.name: item.text or "" for item in gathered(Machine(environ={}), programs=True)}
    assert items["system/addresses.txt"].startswith("$ ip -brief address\nlo ")
    assert "$ ip route\n" in items["system/routes.txt"]
    assert items["system/proxy.txt"] == "none is set\n"
