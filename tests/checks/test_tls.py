"""The `tls` check's judgement: certificates, cut handshakes, and what the later looks tell apart."""

from typing import Any

import pytest

from imdoctor.check import Observation, Settings
from imdoctor.config.model import Endpoint
from imdoctor.net.call import Reach
from imdoctor.net.certificate import Certificate
from imdoctor.net.connect import Connect
from imdoctor.net.handshake import Handshake
from imdoctor_checks.observations import (
    BackupLook,
    ClockSeen,
    DateSample,
    Elsewhere,
    OtherName,
    ProbeSeen,
    Reference,
    SmallCall,
    SmallRequest,
    SmallSegments,
    TlsAddress,
    TlsSeen,
)
from imdoctor_checks.tls import Tls
from imdoctor_checks.verdicts.tls import DAY, matches
from tests.checks.judging import HOST, SETTINGS, codes, declared, findings

NOW = 1_700_000_000.0
A, B = "43.141.10.1", "43.141.10.2"


def certificate(**more: Any) -> Certificate:
    """Return a sound leaf, but for what is told."""
    told = {
        "subject": f"CN={HOST}",
        "issuer": "CN=Public CA",
        "names": (HOST,),
        "not_before": NOW - 30 * DAY,
        "not_after": NOW + 90 * DAY,
        "key": "EC secp256r1",
        "signature": "sha256",
        "sha256": "00",
        "pem": "",
        **more,
    }
    return Certificate(**told)


def root(name: str = "CN=Some Root") -> Certificate:
    """Return a root."""
    return certificate(subject=name, issuer=name, names=(), self_signed=True, authority=True)


def shake(error: str | None = None, *chain: Certificate, **more: Any) -> Handshake:
    """Return one handshake."""
    good = {"seconds": 0.05, "version": "TLSv1.3", "verify_code": 0} if error is None else {}
    return Handshake(server_name=HOST, error=error, **{**good, "chain": chain or (certificate(),), **more})


def unverified(code: int, *chain: Certificate, **more: Any) -> TlsAddress:
    """Return a path whose chain did not verify."""
    return path(shake("verify", *chain, verify_code=code, verify_message="no"), **more)


def path(handshake: Handshake | None, address: str = A, **more: Any) -> TlsAddress:
    """Return one address."""
    return TlsAddress(
        address=address, connect=Connect(address=address, port=443, seconds=0.01), handshake=handshake, **more
    )


CUT = shake("reset")
SILENT = shake("timeout", waited=5.0)
GOOD = shake()
EXPIRED = shake("verify", certificate(not_after=NOW - 1), verify_code=10, verify_message="no")
STRANGER = Reference(store="reference.pem", passes=False, holds_issuer=False)

ROWS = [
    pytest.param([path(GOOD)], [], id="healthy"),
    pytest.param([path(shake("not-tls", first_bytes="SSH-2.0"))], ["tls.not-tls"], id="another protocol"),
    pytest.param([path(SILENT, again=SILENT)], ["tls.timeout"], id="silence twice"),
    pytest.param([path(CUT, again=CUT)], ["tls.reset"], id="reset twice"),
    pytest.param([path(shake("closed"), again=shake("closed"))], ["tls.closed"], id="closed twice"),
    pytest.param([path(CUT, again=GOOD)], ["tls.intermittent"], id="reset once"),
    pytest.param(
        [path(SILENT, again=EXPIRED, other_name=OtherName(name="b", handshake=GOOD), only_tls12=EXPIRED)],
        ["tls.intermittent", "tls.cert-expired"],
        id="silence once, then a chain that does not verify: it is not the name",
    ),
    pytest.param(
        [path(CUT, again=CUT, other_name=OtherName(name="b", handshake=CUT), only_tls12=EXPIRED)],
        ["tls.protocol-version"],
        id="TLS 1.2 comes through, with a chain that does not verify",
    ),
    pytest.param(
        [path(SILENT, again=SILENT, small=(SmallSegments(segment=256, handshake=EXPIRED),))],
        ["tls.mtu-blackhole"],
        id="small segments pass, with a chain that does not verify",
    ),
    pytest.param(
        [path(CUT, again=CUT, other_name=OtherName(name="b", handshake=GOOD))],
        ["tls.sni-filtered"],
        id="the name is cut",
    ),
    pytest.param(
        [path(CUT, again=CUT, other_name=OtherName(name="b", handshake=CUT))], ["tls.reset"], id="every name is cut"
    ),
    pytest.param(
        [
            path(
                SILENT,
                again=SILENT,
                small=(SmallSegments(segment=536, handshake=SILENT), SmallSegments(segment=256, handshake=GOOD)),
            )
        ],
        ["tls.mtu-blackhole"],
        id="small segments pass",
    ),
    pytest.param(
        [path(SILENT, again=SILENT, small=(SmallSegments(segment=256, handshake=SILENT),))],
        ["tls.timeout"],
        id="nor do they",
    ),
    pytest.param([path(shake("protocol-version"))], ["tls.protocol-version"], id="no version in common"),
    pytest.param([path(shake("no-shared-cipher"))], ["tls.no-shared-cipher"], id="no cipher in common"),
    pytest.param([path(shake("alert", alert="internal_error"))], ["tls.closed"], id="another alert"),
    pytest.param(
        [path(shake("alert", alert="handshake_failure", client_certificate_requested=True))],
        ["tls.client-cert-required"],
        id="TLS 1.2",
    ),
    pytest.param(
        [path(shake(client_certificate_requested=True), after="alert")],
        ["tls.client-cert-required"],
        id="TLS 1.3, refused late",
    ),
    pytest.param([path(shake(client_certificate_requested=True))], [], id="asked for, and not insisted on"),
    pytest.param([unverified(10, certificate(not_after=NOW - 1))], ["tls.cert-expired"], id="expired"),
    pytest.param([unverified(9, certificate(not_before=NOW + 1))], ["tls.cert-not-yet-valid"], id="not yet valid"),
    pytest.param([unverified(62, certificate(names=("a.example",)))], ["tls.cert-hostname"], id="another name"),
    pytest.param(
        [unverified(10, certificate(not_after=NOW - 1, names=("a.example",)))],
        ["tls.cert-expired", "tls.cert-hostname"],
        id="expired, and another name",
    ),
    pytest.param([unverified(18, certificate(self_signed=True))], ["tls.cert-self-signed"], id="self-signed"),
    pytest.param([unverified(20, certificate())], ["tls.chain-incomplete"], id="ends below a root"),
    pytest.param(
        [unverified(19, certificate(), root())], ["tls.cert-untrusted"], id="ends in a root that the store lacks"
    ),
    pytest.param(
        [unverified(19, certificate(issuer="CN=FortiGate CA"), root("CN=FortiGate CA"))],
        ["tls.intercepted"],
        id="inspected",
    ),
    pytest.param(
        [unverified(19, certificate(), root(), reference=Reference(store="r", passes=True))],
        ["tls.ca-store-outdated"],
        id="another store",
    ),
    pytest.param(
        [unverified(19, certificate(), root(), reference=STRANGER)], ["tls.cert-untrusted"], id="nor another store"
    ),
    pytest.param([path(GOOD, reference=STRANGER)], ["tls.intercepted:warn"], id="a root installed here vouches"),
    pytest.param([path(GOOD, reference=Reference(store="r", holds_issuer=True))], [], id="a public root vouches"),
    pytest.param([path(shake(None, certificate(not_after=NOW + 21 * DAY)))], ["tls.cert-expiring"], id="21 days left"),
    pytest.param([path(shake(None, certificate(not_after=NOW + 21 * DAY + 1)))], [], id="over 21 days left"),
    pytest.param([path(shake(version="TLSv1.1"))], ["tls.weak"], id="TLS 1.1"),
    pytest.param([path(shake(version="TLSv1.2"))], [], id="TLS 1.2 is good"),
    pytest.param([path(shake(None, certificate(key="RSA 1024")))], ["tls.weak"], id="RSA 1024"),
    pytest.param([path(shake(None, certificate(key="RSA 2048")))], [], id="RSA 2048"),
    pytest.param([path(shake(None, certificate(signature="sha1")))], ["tls.weak"], id="signed with SHA-1"),
    pytest.param([unverified(66)], ["tls.weak:fail"], id="a key too weak for this host"),
    pytest.param([path(CUT, again=CUT, only_tls12=GOOD)], ["tls.protocol-version"], id="TLS 1.2 alone passes"),
    pytest.param([path(CUT, again=CUT, only_tls12=CUT)], ["tls.reset"], id="nor does TLS 1.2"),
    pytest.param(
        [path(SILENT, again=SILENT, small=(SmallSegments(segment=256, handshake=GOOD),), only_tls12=GOOD)],
        ["tls.mtu-blackhole"],
        id="small segments pass, and so does the shorter hello of TLS 1.2",
    ),
    pytest.param([path(GOOD, resumption=CUT)], ["tls.intermittent"], id="the second handshake is cut"),
    pytest.param([path(shake(seconds=1.1), again=shake(seconds=1.2))], ["tls.slow"], id="over 1 s, twice"),
    pytest.param([path(shake(seconds=1.1), again=shake(seconds=0.1))], [], id="over 1 s, once"),
    pytest.param([path(GOOD), path(CUT, B, again=CUT)], ["tls.reset", "tls.addresses-differ"], id="one of two"),
    pytest.param([path(GOOD), path(None, B)], [], id="one of two was not reached: that is tcp's"),
]


@pytest.mark.parametrize(("paths", "expected"), ROWS)
def test_judgement(paths: list[TlsAddress], expected: list[str]) -> None:
    """Each code, and its neighbours."""
    assert codes(Tls(), TlsSeen(now=NOW, paths=tuple(paths))) == expected


BACKUP_GOOD = Elsewhere(backup=BackupLook(name="b", connect=Connect(address=B, port=443), handshake=shake()))
BACKUP_SAME = Elsewhere(backup=BackupLook(name="b", handshake=shake("verify", certificate(), root(), verify_code=19)))
SHADY = shake(
    "verify", certificate(issuer="CN=Some Root"), root(), verify_code=19, verify_message="self-signed in chain"
)


@pytest.mark.parametrize(
    ("off_path", "code"),
    [(BACKUP_GOOD, "tls.intercepted"), (BACKUP_SAME, "tls.cert-untrusted"), (Elsewhere(), "tls.cert-untrusted")],
    ids=["the backup domain shows another", "it shows the same", "it was not seen"],
)
def test_an_authority_for_this_name_alone_is_an_interception(off_path: Elsewhere, code: str) -> None:
    """An unknown authority is somebody on the way where the backup domain shows one that is trusted."""
    assert codes(Tls(), TlsSeen(now=NOW, paths=(path(SHADY),), elsewhere=off_path)) == [code]


def calls(full: str | None, small: str | None) -> dict[str, Observation]:
    """Return a probe whose request was never acknowledged."""
    look = SmallRequest(length=900, full=full, small=(SmallCall(segment=256, error=small),))
    return {"probe": ProbeSeen(reach=Reach(address=A, handshake=GOOD), small=look)}


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param(calls("timeout", None), ["tls.mtu-blackhole"], id="small segments pass"),
        pytest.param(calls("timeout", "timeout"), [], id="nor do they"),
        pytest.param(calls(None, None), [], id="both pass: it was something else"),
        pytest.param(
            {"probe": ProbeSeen(earlier=(Reach(address=A, handshake=CUT),))}, ["tls.intermittent"], id="a call was cut"
        ),
        pytest.param({"probe": ProbeSeen(earlier=(Reach(address=B, handshake=CUT),))}, [], id="at another address"),
    ],
)
def test_the_probes_connections_count(others: dict[str, Observation], expected: list[str]) -> None:
    """What the probe met after a good handshake, or instead of one, is judged with the rest."""
    assert codes(Tls(), TlsSeen(now=NOW, paths=(path(GOOD),)), others=others) == expected


def test_every_code_has_a_row() -> None:
    """No code of the check goes without a row."""
    named, all_of_them = declared(Tls(), ROWS)
    assert named == all_of_them


def test_a_store_of_ones_own_is_nobodys_interception() -> None:
    """Where the target names its own authorities, a private root is as it should be."""
    settings = Settings(endpoint=Endpoint(HOST), ca_file="/etc/own.pem")
    assert codes(Tls(), TlsSeen(now=NOW, paths=(path(GOOD, reference=STRANGER),)), settings) == []


@pytest.mark.parametrize(
    ("offset", "confidence", "ruled_out"),
    [(None, "possible", ()), (0.0, "certain", ("clock.skewed",)), (-10 * DAY, "possible", ())],
    ids=["clock unknown", "clock right", "by the server's time still valid"],
)
def test_the_clock_says_how_sure_an_expiry_is(
    offset: float | None, confidence: str, ruled_out: tuple[str, ...]
) -> None:
    """An expired certificate is certain only where the server's own time says so too."""
    samples = () if offset is None else (DateSample(sent_at=NOW, answered_at=NOW, date=NOW + offset),)
    seen = TlsSeen(now=NOW, paths=(unverified(10, certificate(not_after=NOW - DAY)),))
    (finding,) = findings(Tls(), seen, SETTINGS, {"clock": ClockSeen(samples=samples)})
    assert (finding.confidence, finding.ruled_out) == (confidence, ruled_out)


@pytest.mark.parametrize(
    ("pattern", "host", "covers"),
    [
        ("a.example", "a.example", True),
        ("A.Example.", "a.example", True),
        ("*.example", "a.example", True),
        ("*.example", "a.b.example", False),
        ("*.example", "example", False),
        ("b.example", "a.example", False),
        ("43.1.1.1", "43.1.1.1", True),
        ("43.1.1.2", "43.1.1.1", False),
        ("2402:4e00:0::1", "2402:4e00::1", True),
        ("*.1.1.1", "43.1.1.1", False),
    ],
)
def test_names(pattern: str, host: str, *, covers: bool) -> None:
    """A wildcard stands for the whole leftmost label, and for no part of an address."""
    assert matches(pattern, host) is covers
