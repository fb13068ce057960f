"""Handshakes with real servers on loopback: good ones, and one for each fault."""

import asyncio
import ssl
import warnings
from pathlib import Path

import pytest

from imdoctor.lab.authority import Authority, Identity
from imdoctor.lab.loop import LabLoop
from imdoctor.lab.raw import RAW
from imdoctor.net.certificate import parse
from imdoctor.net.connect import connect
from imdoctor.net.handshake import Handshake, handshake
from imdoctor.net.trust import holds, passes, reference_store, tls_context

NAME = "im.example.com"


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer whatever comes with a word."""
    if await reader.read(100):
        writer.write(b"hello")
        await writer.drain()
    await reader.read(100)


def server(folder: Path, *chain: Identity, **settings: object) -> ssl.SSLContext:
    """Return a server's context with a chain, the leaf first."""
    file = folder / "chain.pem"
    file.write_bytes(chain[0].key_pem() + b"".join(identity.pem() for identity in chain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def client(folder: Path, authority: Authority, *, verify: bool = True) -> ssl.SSLContext:
    """Return a client's context that trusts an authority."""
    (folder / "ca.pem").write_bytes(authority.root.pem())
    return tls_context(folder / "ca.pem", verify=verify)


async def shake(
    port: int, context: ssl.SSLContext, *, name: str = NAME, timeout: float = 2.0
) -> tuple[Handshake, bytes]:
    """Shake hands with a port of loopback and, when that succeeds, exchange a word."""
    _, sock = await connect("127.0.0.1", port, timeout=2.0, dial=lambda address, port: (address, port))
    assert sock is not None
    seen, stream = await handshake(sock, context=context, server_name=name, timeout=timeout)
    if stream is None:
        assert sock.fileno() == -1, "a failed handshake closes the socket"
        return seen, b""
    await stream.write(b"hi", timeout=1.0)
    said = await stream.read(100, timeout=1.0)
    stream.close()
    return seen, said


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ("closed", "closed"),
        ("reset", "reset"),
        ("silent", "timeout"),
        ("ssh", "not-tls"),
        ("http", "not-tls"),
        ("old-version", "protocol-version"),
        ("no-cipher", "no-shared-cipher"),
    ],
)
def test_faults(tmp_path: Path, raw: str, error: str) -> None:
    """Each way in which a handshake fails has its word; a failed one has no time of its own."""
    with LabLoop() as lab:
        seen, _ = asyncio.run(shake(lab.serve(RAW[raw]), client(tmp_path, Authority()), timeout=0.3))
    assert (seen.error, seen.seconds, seen.server_name) == (error, None, NAME)
    if raw == "ssh":
        assert seen.first_bytes is not None
        assert seen.first_bytes.startswith("SSH-2.0-OpenSSH")


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_success(tmp_path: Path, version: str) -> None:
    """A good handshake tells version, cipher, chain and verification, and carries data."""
    authority = Authority()
    highest = ssl.TLSVersion.TLSv1_2 if version == "TLSv1.2" else ssl.TLSVersion.TLSv1_3
    context = server(
        tmp_path, authority.leaf(NAME, by_intermediate=True), authority.intermediate, maximum_version=highest
    )
    with LabLoop() as lab:
        seen, said = asyncio.run(shake(lab.serve(greet, context=context), client(tmp_path, authority)))
    assert (seen.error, seen.version, seen.verify_code, said) == (None, version, 0, b"hello")
    assert [certificate.authority for certificate in seen.chain] == [False, True]
    assert seen.chain[0].names == (NAME,)
    assert seen.chain[0].key == "EC secp256r1"
    assert (seen.client_certificate_requested, seen.resumed) == (False, False)


def chains(authority: Authority) -> dict[str, tuple[tuple[Identity, ...], int]]:
    """Return chains that do not verify, and OpenSSL's code for each."""
    return {
        "expired": ((authority.leaf(NAME, starts=-9, ends=-1),), 10),
        "not yet valid": ((authority.leaf(NAME, starts=1, ends=9),), 9),
        "another name": ((authority.leaf("other.example"),), 62),
        "self-signed": ((authority.self_signed(NAME),), 18),
        "unknown root": ((Authority("Other").leaf(NAME),), 20),
        "no intermediate": ((authority.leaf(NAME, by_intermediate=True),), 20),
    }


FAULTS = ("expired", "not yet valid", "another name", "self-signed", "unknown root", "no intermediate")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_verification_keeps_the_chain(tmp_path: Path, fault: str) -> None:
    """One handshake says both: why the chain did not verify, and the chain itself."""
    authority = Authority()
    chain, code = chains(authority)[fault]
    with LabLoop() as lab:
        port = lab.serve(greet, context=server(tmp_path, *chain))
        seen, _ = asyncio.run(shake(port, client(tmp_path, authority)))
        unverified, said = asyncio.run(shake(port, client(tmp_path, authority, verify=False)))
    assert (seen.error, seen.verify_code) == ("verify", code)
    assert [certificate.pem for certificate in seen.chain] == [identity.pem().decode() for identity in chain]
    assert (unverified.error, unverified.verify_code, said) == (None, None, b"hello")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_asked_for(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """A CertificateRequest is seen in either version, and never from a server that sends none."""
    authority = Authority()
    context = server(tmp_path, authority.leaf(NAME), maximum_version=version, verify_mode=ssl.CERT_OPTIONAL)
    with LabLoop() as lab:
        seen, _ = asyncio.run(shake(lab.serve(greet, context=context), client(tmp_path, authority)))
    assert (seen.error, seen.client_certificate_requested) == (None, True)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_resumption(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """A second handshake with the first one's session resumes, in either version."""
    authority = Authority()
    context = server(tmp_path, authority.leaf(NAME), maximum_version=version)

    async def twice(port: int) -> tuple[Handshake, Handshake]:
        ours = client(tmp_path, authority)
        seen, session = [], None
        for _ in range(2):
            _, sock = await connect("127.0.0.1", port, timeout=2.0, dial=lambda address, port: (address, port))
            assert sock is not None
            told, stream = await handshake(sock, context=ours, server_name=NAME, timeout=2.0, session=session)
            assert stream is not None
            session = await stream.ticket(timeout=1.0)
            stream.close()
            seen.append(told)
        return seen[0], seen[1]

    with LabLoop() as lab:
        first, second = asyncio.run(twice(lab.serve(greet, context=context)))
    assert (first.resumed, second.resumed) == (False, True)


def test_a_certificate_that_is_none_keeps_its_fingerprint() -> None:
    """What cannot be parsed is told so, and never raises."""
    seen = parse(b"\x30\x03\x02\x01\x01")
    assert seen.subject.startswith("unreadable")
    assert len(seen.sha256) == 64


def test_another_store(tmp_path: Path) -> None:
    """A chain is held against another store by its name, its authority and its dates, without a warning of any library."""
    authority, other = Authority(), Authority("Other")
    (tmp_path / "ca.pem").write_bytes(authority.root.pem())
    store, leaf = str(tmp_path / "ca.pem"), authority.leaf(NAME).pem().decode()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert passes([leaf], store, NAME) is True
        assert passes([leaf], store, "other.example") is False
        assert passes([other.leaf(NAME).pem().decode()], store, NAME) is False
        assert passes([leaf], str(tmp_path / "none.pem"), NAME) is None
        assert (holds(store, leaf), holds(store, other.leaf(NAME).pem().decode())) == (True, False)
        assert holds(str(tmp_path / "none.pem"), leaf) is None
        assert (passes([leaf], reference_store(), NAME), holds(reference_store(), leaf)) == (False, False)
