"""Whether a usersig is valid: every reason against it, one row on each side of every comparison."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.pretty import pretty_repr

from imdoctor.im.usersig import make
from imdoctor.im.usersig_document import signed_message
from imdoctor.im.usersig_finding import Claims, claims
from imdoctor.im.usersig_verdict import LONGEST, SHORTEST, Expected, reasons, verdict
from tests.im.test_usersig import KEY, SDKAPPID, TIME, V1, decoded, golden, usersig_of

SIG = golden()
END = TIME + 15_552_000
GOOD: dict[str, Any] = {"key": KEY, "identifier": "xiaojun", "sdkappid": SDKAPPID, "at": TIME + 1}
PEM = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"


def lasting(seconds: int) -> str:
    """Return a usersig that lives so long."""
    return make(key=KEY, sdkappid=SDKAPPID, identifier="xiaojun", time=TIME, expire=seconds)


CASES: dict[str, tuple[str, dict[str, Any], list[str | None], str]] = {
    "everything right": (SIG, {}, [], "valid"),
    "held against the key alone": (SIG, {"identifier": None, "sdkappid": None}, [], "valid"),
    "no key": (SIG, {"key": None}, [None], "undecided"),
    "no key, and another's": (SIG, {"key": None, "identifier": "a"}, [None, "usersig.identifier-mismatch"], "invalid"),
    "another key": (SIG, {"key": KEY[:-1] + "f"}, ["usersig.wrong-key"], "invalid"),
    "the key with a blank": (SIG, {"key": f"{KEY} "}, ["usersig.key-whitespace"], "invalid"),
    "made with the blank": (golden(key=f"{KEY} "), {"key": f"{KEY} "}, ["usersig.key-whitespace"], "invalid"),
    "another key with a blank": (SIG, {"key": " a"}, ["usersig.key-whitespace", "usersig.wrong-key"], "invalid"),
    "a private key in PEM": (SIG, {"key": PEM}, ["usersig.wrong-key"], "invalid"),
    "another identifier": (SIG, {"identifier": "Xiaojun"}, ["usersig.identifier-mismatch"], "invalid"),
    "another app": (SIG, {"sdkappid": SDKAPPID + 1}, ["usersig.sdkappid-mismatch"], "invalid"),
    "a second before its end": (SIG, {"at": END - 1}, [], "valid"),
    "at its end": (SIG, {"at": END}, ["usersig.expired"], "invalid"),
    "at its beginning": (SIG, {"at": TIME}, [], "valid"),
    "before its beginning": (SIG, {"at": TIME - 1}, ["usersig.not-yet-valid"], "invalid"),
    "a day long": (lasting(SHORTEST), {}, [], "valid"),
    "shorter than a day": (lasting(SHORTEST - 1), {}, ["usersig.lifetime"], "valid"),
    "50 years long": (lasting(LONGEST), {}, [], "valid"),
    "longer than 50 years": (lasting(LONGEST + 1), {}, ["usersig.lifetime"], "valid"),
    "all at once": (
        SIG,
        {"key": "a", "identifier": "a", "sdkappid": 1, "at": END},
        ["usersig.wrong-key", "usersig.identifier-mismatch", "usersig.sdkappid-mismatch", "usersig.expired"],
        "invalid",
    ),
    "cut off": (SIG[:-5], {}, ["usersig.truncated"], "invalid"),
    "encoded already": (f"{SIG}%2A", {}, ["usersig.double-encoded"], "invalid"),
    "no usersig": ("hello", {}, ["usersig.malformed"], "invalid"),
    "version 1 without a public key": (usersig_of(V1), {}, ["usersig.legacy", None], "undecided"),
    "version 1 without any key": (usersig_of(V1), {"key": None}, ["usersig.legacy", None], "undecided"),
}


@pytest.mark.parametrize("name", CASES)
def test_reasons(name: str) -> None:
    """Each fault is told by its finding code, and together they come to the verdict."""
    text, changes, codes, judged = CASES[name]
    found = reasons(text, Expected(**{**GOOD, **changes}))
    assert [reason.code for reason in found] == codes
    assert verdict(found) == judged


def test_version_1_is_verified_with_its_public_key() -> None:
    """A version 1 usersig fits its own public key, no other, and no broken one."""
    private, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signature = private.sign(signed_message(decoded(usersig_of(V1))), ec.ECDSA(hashes.SHA256()))
    text = usersig_of(V1, sig=base64.b64encode(signature).decode())
    ours, theirs = (
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        for key in (private, other)
    )
    broken = "-----BEGIN PUBLIC KEY-----\nabc"
    expected: dict[str, list[str | None]] = {ours: [], theirs: ["usersig.wrong-key"], broken: [None]}
    for key, codes in expected.items():
        found = reasons(text, replace(Expected(**GOOD), key=key))
        assert [reason.code for reason in found] == ["usersig.legacy", *codes]


def test_a_public_key_verifies_no_version_2() -> None:
    """A version 1 key beside a version 2 usersig is the wrong key."""
    found = reasons(SIG, replace(Expected(**GOOD), key="-----BEGIN PUBLIC KEY-----"))
    assert [reason.code for reason in found] == ["usersig.wrong-key"]


@given(st.text(), st.text(), st.text())
def test_reasons_show_no_secret_and_never_raise(text: str, key: str, identifier: str) -> None:
    """Whatever is held against whatever: no exception, and no repr shows the key."""
    expected = Expected(key=f"{KEY}{key}", identifier=identifier, at=0)
    told = [reason.text for reason in (*reasons(text, expected), *reasons(SIG, expected))]
    assert KEY not in repr(expected) + pretty_repr(expected) + "".join(told)


URL = f"https://console.tim.qq.com/v4/a/b?sdkappid=1400000000&identifier=%E7%AE%A1&usersig={SIG}&random=1&contenttype=json"
WHOLE = Claims(usersig=SIG, identifier="管", sdkappid=SDKAPPID)
TEXTS = {
    "alone": (SIG, Claims(usersig=SIG)),
    "a URL": (URL, WHOLE),
    "a URL and what follows": (f"{URL}#end", WHOLE),
    "a URL in angle brackets": (f"<https://a/?sdkappid=1400000000&identifier=%E7%AE%A1&usersig={SIG}>", WHOLE),
    "a query alone": (URL.partition("?")[2], WHOLE),
    "a curl command line": (f"curl -X POST '{URL}' -d '{{}}'", WHOLE),
    "a curl command line of -G": (
        f"curl -G https://a --data-urlencode 'usersig={SIG}' -d sdkappid=1",
        Claims(usersig=SIG, sdkappid=1),
    ),
    "in another case": (URL.replace("usersig", "UserSig").replace("sdkappid", "sdkAppId"), WHOLE),
    "percent-encoded": (URL.replace("*", "%2A").replace("_", "%5F"), WHOLE),
    "an SDKAppID that is none": (f"?usersig={SIG}&sdkappid=x", Claims(usersig=SIG)),
    "an empty one": ("https://a/?usersig=&random=1", Claims(usersig="")),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_usersig_is_found(name: str) -> None:
    """The usersig of a text is found with what the request says of itself, and no repr shows it."""
    text, wanted = TEXTS[name]
    found = claims(text)
    assert found == wanted
    assert SIG not in repr(found) + pretty_repr(found)


@given(st.text())
def test_finding_never_raises(text: str) -> None:
    """Any text is a usersig, or holds one."""
    assert isinstance(claims(text), Claims)
