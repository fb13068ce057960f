"""The usersig: made, read and verified as the official packages do it, and every way to spoil one told apart."""

import base64
import json
import subprocess
import zlib
from collections.abc import Callable
from typing import Any, get_args

import pytest
import TLSSigAPIv2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from imdoctor.im.usersig import (
    DOCUMENT_MAX,
    IDENTIFIER_MAX_BYTES,
    TEXT_MAX,
    UserSig,
    UserSigFault,
    decode,
    key_fault,
    make,
    verify,
    verify_v1,
)
from imdoctor.im.usersig_packing import FaultKind

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect

# The golden vector, which both official packages give.
KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
SDKAPPID = 1_400_000_000
TIME = 1_700_000_000
EXPIRE = 15_552_000
GOLDEN_SIG = "LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4="

V2: dict[str, Any] = {
    "TLS.ver": "2.0",
    "TLS.identifier": "xiaojun",
    "TLS.sdkappid": SDKAPPID,
    "TLS.expire": EXPIRE,
    "TLS.time": TIME,
    "TLS.sig": GOLDEN_SIG,
}
V1: dict[str, Any] = {
    "TLS.account_type": "0",
    "TLS.identifier": "xiaojun",
    "TLS.appid_at_3rd": "0",
    "TLS.sdk_appid": str(SDKAPPID),
    "TLS.expire_after": str(EXPIRE),
    "TLS.version": "20151204",
    "TLS.time": str(TIME),
    "TLS.sig": base64.b64encode(b"a signature").decode(),
}

texts = st.text(st.characters(exclude_categories=["Cs"]))
moments = st.integers(0, 2**36)
sdkappids = st.integers(0, 2**32 - 1)
userbufs = st.none() | st.binary(max_size=200)


def packed(document: bytes) -> str:
    """Return a usersig around any document, spelled out here so that the tests do not lean on what they test."""
    text = base64.b64encode(zlib.compress(document)).decode()
    return text.replace("+", "*").replace("/", "-").replace("=", "_")


def usersig_of(members: dict[str, Any], **changes: object) -> str:
    """Return a usersig around a document with changes; a change to None takes the member out."""
    changed = members | {f"TLS.{name}": value for name, value in changes.items()}
    return packed(json.dumps({name: value for name, value in changed.items() if value is not None}).encode())


def golden(*, identifier: str = "xiaojun", userbuf: bytes | None = None, key: str = KEY) -> str:
    """Return our own usersig with the golden vector's values."""
    return make(key=key, sdkappid=SDKAPPID, identifier=identifier, time=TIME, expire=EXPIRE, userbuf=userbuf)


def decoded(text: str) -> UserSig:
    """Return what a usersig that must be sound says."""
    found = decode(text)
    assert isinstance(found, UserSig), found
    return found


def fault_of(text: str) -> UserSigFault:
    """Return what is wrong with a usersig that must not be sound."""
    found = decode(text)
    assert isinstance(found, UserSigFault), found
    return found


def test_the_golden_vector_is_met() -> None:
    """The signature is the one that both official packages give, and the fields come back."""
    sig = decoded(golden())
    assert base64.b64encode(sig.sig).decode() == GOLDEN_SIG
    assert (sig.version, sig.identifier, sig.sdkappid, sig.userbuf) == (2, "xiaojun", SDKAPPID, None)
    assert (sig.time, sig.expire) == (TIME, EXPIRE)
    assert (sig.issued_at, sig.expires_at) == (TIME, TIME + EXPIRE)
    assert verify(sig, key=KEY)


@pytest.mark.parametrize("userbuf", [None, b"", b"\x00\xffabc"], ids=["none", "empty", "binary"])
def test_the_official_python_packages_usersig_is_read(userbuf: bytes | None) -> None:
    """What the official Python package makes is decoded and verified here."""
    api = TLSSigAPIv2.TLSSigAPIv2(SDKAPPID, KEY)
    text = api.gen_sig("管理", EXPIRE) if userbuf is None else api.gen_sig_with_userbuf("管理", EXPIRE, userbuf)
    sig = decoded(text)
    assert (sig.identifier, sig.sdkappid, sig.expire, sig.userbuf) == ("管理", SDKAPPID, EXPIRE, userbuf)
    assert verify(sig, key=KEY)
    assert not verify(sig, key=f"{KEY}\n")


@pytest.mark.parametrize("userbuf", [None, b"", b"\x00\xffabc"], ids=["none", "empty", "binary"])
def test_the_official_python_package_signs_as_we_do(userbuf: bytes | None) -> None:
    """What is made here has the same fields and the signature that the official Python package computes."""
    inside = zlib.decompress(TLSSigAPIv2.base64_decode_url(golden(identifier="管理", userbuf=userbuf).encode()))
    document = json.loads(inside)
    buffer = None if userbuf is None else base64.b64encode(userbuf).decode()
    signature = TLSSigAPIv2.TLSSigAPIv2(SDKAPPID, KEY)._TLSSigAPIv2__hmacsha256("管理", TIME, EXPIRE, buffer)
    wanted = V2 | {"TLS.identifier": "管理", "TLS.sig": signature.decode()}
    assert document == (wanted if buffer is None else wanted | {"TLS.userbuf": buffer})


NODE_READS_OURS = """
const {Api} = require('tls-sig-api-v2');
const [text, key] = process.argv.slice(1);
const packed = text.replace(/_/g, '=').replace(/-/g, '/').replace(/\\*/g, '+');
const doc = JSON.parse(require('zlib').inflateSync(Buffer.from(packed, 'base64')).toString());
const sig = new Api(doc['TLS.sdkappid'], key)._hmacsha256(
    doc['TLS.identifier'], doc['TLS.time'], doc['TLS.expire'], doc['TLS.userbuf']);
console.log(JSON.stringify({document: doc, signature: sig}));
"""
NODE_MAKES = """
const {Api} = require('tls-sig-api-v2');
const [sdkappid, key, identifier] = process.argv.slice(1);
const api = new Api(Number(sdkappid), key);
console.log(JSON.stringify([api.genUserSig(identifier, 86400), api.genPrivateMapKey('admin', 300, 10000, 255)]));
"""


def node(script: str, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON the script prints
    """Run a script of a few lines in node and return the JSON that it prints."""
    command = ["node", "-e", script, "--", *arguments]
    return json.loads(subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout)


@pytest.mark.needs("node:tls-sig-api-v2")
def test_the_official_node_packages_usersig_is_read() -> None:
    """What the official Node package makes, with and without a userbuf, is decoded and verified here."""
    plain, private_map = node(NODE_MAKES, str(SDKAPPID), KEY, "管理")
    sig = decoded(plain)
    assert (sig.identifier, sig.sdkappid, sig.expire, sig.userbuf) == ("管理", SDKAPPID, 86400, None)
    assert verify(sig, key=KEY)
    with_userbuf = decoded(private_map)
    assert with_userbuf.userbuf is not None
    assert b"admin" in with_userbuf.userbuf
    assert verify(with_userbuf, key=KEY)


@pytest.mark.needs("node:tls-sig-api-v2")
@pytest.mark.parametrize("userbuf", [None, b"\x00\xffabc"], ids=["none", "binary"])
def test_the_official_node_package_signs_as_we_do(userbuf: bytes | None) -> None:
    """What is made here is inflated by node, and its package computes the same signature."""
    answer = node(NODE_READS_OURS, golden(identifier="管理", userbuf=userbuf), KEY)
    assert answer["document"]["TLS.identifier"] == "管理"
    assert answer["document"]["TLS.sig"] == answer["signature"]


@UNTIMED
@given(key=texts, sdkappid=sdkappids, identifier=texts, time=moments, expire=moments, userbuf=userbufs)
@example(key="k", sdkappid=0, identifier="a\nTLS.time:1", time=0, expire=0, userbuf=b"")
def test_a_usersig_survives_the_trip(
    *, key: str, sdkappid: int, identifier: str, time: int, expire: int, userbuf: bytes | None
) -> None:
    """What is put in comes out, verifies with its key, and with no other."""
    sig = decoded(make(key=key, sdkappid=sdkappid, identifier=identifier, time=time, expire=expire, userbuf=userbuf))
    assert (sig.version, sig.sdkappid, sig.identifier) == (2, sdkappid, identifier)
    assert (sig.time, sig.expire, sig.userbuf) == (time, expire, userbuf)
    assert (sig.account_type, sig.appid_at_3rd) == (None, None)
    assert verify(sig, key=key)
    assert not verify(sig, key=f"{key} ")


@pytest.mark.parametrize(
    "change",
    [
        {"identifier": "Xiaojun"},
        {"sdkappid": SDKAPPID + 1},
        {"time": TIME + 1},
        {"expire": EXPIRE + 1},
        {"userbuf": ""},
        {"sig": base64.b64encode(bytes(32)).decode()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_signature_covers_every_field(change: dict[str, Any]) -> None:
    """A field that was changed after signing no longer verifies."""
    assert verify(decoded(usersig_of(V2)), key=KEY)
    assert not verify(decoded(usersig_of(V2, **change)), key=KEY)


@pytest.mark.parametrize(
    "spoil",
    [str.upper, lambda key: f" {key}", lambda key: f"{key}\n", lambda key: bytes.fromhex(key).decode("latin-1")],
    ids=["upper case", "a space before", "a line end after", "decoded from hex"],
)
def test_every_character_of_the_key_counts(spoil: Callable[[str], str]) -> None:
    """A key that was trimmed, changed in case or decoded does not verify: it is its text as it stands."""
    assert not verify(decoded(golden()), key=spoil(KEY))


MADE_OF_WHAT_NONE_CAN_HOLD: dict[str, tuple[dict[str, Any], str]] = {
    "a negative SDKAppID": ({"sdkappid": -1}, "TLS.sdkappid is not between 0 and 4294967295"),
    "an SDKAppID of 33 bits": ({"sdkappid": 2**32}, "TLS.sdkappid is not between"),
    "a time before 1970": ({"time": -1}, "negative"),
    "a negative lifetime": ({"expire": -1}, "negative"),
    "milliseconds": ({"time": TIME * 1000}, "past the year 9999"),
    "half a surrogate pair": ({"identifier": "\ud800"}, "half a surrogate pair"),
    "a userbuf that is too large": ({"userbuf": bytes(DOCUMENT_MAX)}, "too large"),
}


@pytest.mark.parametrize(("change", "message"), MADE_OF_WHAT_NONE_CAN_HOLD.values(), ids=MADE_OF_WHAT_NONE_CAN_HOLD)
def test_what_no_usersig_can_hold_is_not_made(change: dict[str, Any], message: str) -> None:
    """A value that decoding would refuse is refused when it is put in, and the message does not tell the key."""
    values: dict[str, Any] = {"sdkappid": SDKAPPID, "identifier": "a", "time": TIME, "expire": EXPIRE} | change
    with pytest.raises(ValueError, match=message) as caught:
        make(key=KEY, **values)
    assert KEY not in repr(caught.value)


def test_a_key_that_no_utf8_can_carry_stays_out_of_errors() -> None:
    """A key with half a surrogate pair signs something all the same: an encoding error would carry the key."""
    assert verify(decoded(golden(key="\udcff")), key="\udcff")


FAULTS: dict[str, tuple[str, FaultKind, str]] = {
    "nothing": ("", "empty", "is empty"),
    "blanks": (" \n", "empty", "is empty"),
    "a line end after": (f"{golden()}\n", "whitespace", f"first after {len(golden())} characters"),
    "a space before": (f" {golden()}", "whitespace", "first after 0 characters"),
    "a line end inside": (f"{golden()[:76]}\n{golden()[76:]}", "whitespace", "first after 76 characters"),
    "percent-encoded": (golden().replace("_", "%5F").replace("*", "%2A") + "%5f", "double-encoded", "encoded once"),
    "percent-encoded twice": (f"{golden()[:8]}%252A{golden()[8:]}", "double-encoded", "encoded once"),
    "percent-encoded thrice": (f"{golden()[:8]}%25252a{golden()[8:]}", "double-encoded", "encoded once"),
    "a lone percent": (f"{golden()[:8]}%{golden()[8:]}", "charset", "besides letters"),
    "a quotation mark": (f'"{golden()}"', "charset", "besides letters"),
    "beyond ASCII": (f"{golden()}é", "charset", "besides letters"),
    "a full-width digit": (f"{golden()}\uff11", "charset", "besides letters"),
    "a null byte": (f"{golden()}\0", "charset", "besides letters"),
    "the standard alphabet": (
        base64.b64encode(zlib.compress(bytes(range(256)))).decode(),
        "charset",
        "standard alphabet",
    ),
    "standard padding only": (f"{golden().rstrip('_')}==", "charset", "standard alphabet"),
    "the URL-safe alphabet": ("eJyr_grxCdYr", "charset", "URL-safe"),
    "too much padding": ("eJyr____", "not-base64", "its padding is wrong"),
    "padding alone": ("A___", "not-base64", "its padding is wrong"),
    "bits after the last byte": ("eJyrVh__", "not-base64", "its padding is wrong"),
    "nothing but padding": ("____", "not-base64", "its padding is wrong"),
    "padding where none belongs": ("eJyrVg__" + "eJyr", "charset", "URL-safe"),
    "one character": ("e", "truncated", "no multiple of 4"),
    "without its last character": (golden()[:-1], "truncated", "no multiple of 4"),
    "without its last four": (golden()[:-4], "truncated", "stops midway"),
    "its first four": (golden()[:4], "truncated", "stops midway"),
    "cut where a database column ends": (golden()[:128], "truncated", "stops midway"),
    "a password": ("hunter2", "not-zlib", "no zlib stream"),
    "the secret key": (KEY, "not-zlib", "no zlib stream"),
    "a changed character": (
        golden()[:40] + ("A" if golden()[40] != "A" else "B") + golden()[41:],
        "not-zlib",
        "damaged",
    ),
    "padding of one character too few": ("eJyrA_", "truncated", "no multiple of 4"),
    "bytes after the end": (
        base64.b64encode(zlib.compress(b"{}") + b"xyz").decode().translate(str.maketrans("+/=", "*-_")),
        "not-zlib",
        "3 bytes follow",
    ),
    "a long text": ("A" * (TEXT_MAX + 1), "too-large", "65537 characters"),
    "the longest text": ("A" * TEXT_MAX, "not-zlib", "no zlib stream"),
    "one byte too many inside": (packed(b" " * (DOCUMENT_MAX + 1)), "too-large", "more than 65536 bytes"),
    "as much as fits inside": (packed(b" " * DOCUMENT_MAX), "not-json", "it is empty"),
    "an empty document": (packed(b""), "not-json", "it is empty"),
    "no JSON inside": (packed(b"TLS.ver=2.0"), "not-json", "no JSON at character 0"),
    "an array inside": (packed(b"[]"), "not-json", "no JSON object"),
    "no UTF-8 inside": (packed(b'{"\xff":0}'), "not-json", "not UTF-8"),
    "a byte order mark inside": (packed(b"\xef\xbb\xbf{}"), "not-json", "byte order mark"),
    "nested without end": (packed(b"[" * 60_000), "not-json", "nested too deeply"),
    "another document": (packed(b"{}"), "fields", "names no version"),
    "another version": (usersig_of(V2, ver="3.0"), "fields", 'not the string "2.0"'),
    "a version as a number": (usersig_of(V2, ver=2.0), "fields", 'not the string "2.0"'),
    "no identifier": (usersig_of(V2, identifier=None), "fields", "TLS.identifier is missing"),
    "an identifier as a number": (usersig_of(V2, identifier=7), "fields", "TLS.identifier is an integer"),
    "half a pair in the identifier": (usersig_of(V2, identifier="\ud800"), "fields", "half a surrogate pair"),
    "an SDKAppID as a string": (usersig_of(V2, sdkappid="1"), "fields", "TLS.sdkappid is missing or not an integer"),
    "an SDKAppID that is true": (usersig_of(V2, sdkappid=True), "fields", "TLS.sdkappid is missing or not an integer"),
    "an SDKAppID of 33 bits": (usersig_of(V2, sdkappid=2**32), "fields", "TLS.sdkappid is not between"),
    "a time with a fraction": (usersig_of(V2, time=1.5), "fields", "TLS.time is missing or not an integer"),
    "a time in milliseconds": (usersig_of(V2, time=TIME * 1000), "fields", "not milliseconds"),
    "a time before 1970": (usersig_of(V2, time=-1), "fields", "negative"),
    "no lifetime": (usersig_of(V2, expire=None), "fields", "TLS.expire is missing"),
    "a negative lifetime": (usersig_of(V2, expire=-1), "fields", "negative"),
    "one second past the last": (usersig_of(V2, time=0, expire=253_402_300_800), "fields", "past the year 9999"),
    "no signature": (usersig_of(V2, sig=None), "fields", "TLS.sig is not a string in base64"),
    "a signature in hex": (usersig_of(V2, sig="ab" * 32), "fields", "48 bytes where HMAC-SHA256 gives 32"),
    "a signature in no base64": (usersig_of(V2, sig="?"), "fields", "TLS.sig is not a string in base64"),
    "a signature beyond ASCII": (usersig_of(V2, sig="é"), "fields", "TLS.sig is not a string in base64"),
    "a userbuf as a number": (usersig_of(V2, userbuf=7), "fields", "TLS.userbuf is not a string in base64"),
    "a userbuf in loose base64": (usersig_of(V2, userbuf="YWJ="), "fields", "TLS.userbuf is not a string in base64"),
    "a field that stands twice": (
        packed(json.dumps(V2).encode()[:-1] + b',"TLS.time":1}'),
        "fields",
        "a field stands twice",
    ),
    "version 1 with numbers": (
        usersig_of(V1, sdk_appid=SDKAPPID),
        "fields",
        "TLS.sdk_appid is missing or not a string",
    ),
    "version 1 with a zero before": (usersig_of(V1, time="01"), "fields", "TLS.time is missing or not a string"),
    "version 1 with other digits": (usersig_of(V1, time="\uff11"), "fields", "TLS.time is missing or not a string"),
    "version 1 without a time": (usersig_of(V1, time=None), "fields", "TLS.time is missing or not a string"),
    "version 1 by its version alone": (packed(b'{"TLS.version":"20151204"}'), "fields", "TLS.identifier is missing"),
}


@pytest.mark.parametrize(("text", "kind", "detail"), FAULTS.values(), ids=FAULTS)
def test_a_spoiled_usersig_says_what_happened_to_it(text: str, kind: FaultKind, detail: str) -> None:
    """Each way to spoil a usersig has its kind and a reason."""
    fault = fault_of(text)
    assert (fault.kind, detail in fault.detail) == (kind, True), fault
    assert len(fault.detail) <= 200


def test_every_kind_of_fault_has_a_row() -> None:
    """The table above has every kind."""
    assert {kind for _, kind, _ in FAULTS.values()} == set(get_args(FaultKind))


def test_the_last_second_of_the_year_9999_is_a_date() -> None:
    """The greatest expiry is one that a date can show."""
    assert decoded(usersig_of(V2, time=0, expire=253_402_300_799)).expires_at == 253_402_300_799


def test_unknown_members_are_let_pass() -> None:
    """A member that no version has, even twice, is no fault: the signature does not cover it."""
    text = packed(json.dumps(V2).encode()[:-1] + b',"x":[{"TLS.time":1}],"x":2}')
    assert verify(decoded(text), key=KEY)


@pytest.mark.parametrize("identifier", ["i" * IDENTIFIER_MAX_BYTES, "i" * 500], ids=["longest", "too long"])
def test_an_identifier_of_any_length_is_told(identifier: str) -> None:
    """Decoding tells what stands there; the limit on an identifier is for others to judge."""
    assert decoded(golden(identifier=identifier)).identifier == identifier
    assert IDENTIFIER_MAX_BYTES == 32


@UNTIMED
@given(st.text() | st.text("ABCabc019*-_%2A/+= \n") | st.binary().map(packed))
def test_no_text_raises(text: str) -> None:
    """Any text gives a usersig or a fault, and a fault's reason can be printed."""
    found = decode(text)
    assert isinstance(found, UserSig | UserSigFault)
    if isinstance(found, UserSigFault):
        assert found.detail.encode()


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.just("1") | st.just(GOLDEN_SIG)


@UNTIMED
@given(st.sampled_from([V1, V2]), st.dictionaries(st.sampled_from(sorted(V1 | V2)), VALUES, max_size=3))
def test_no_document_raises(base: dict[str, Any], changes: dict[str, object]) -> None:
    """Any values in a document give a usersig that can be verified or a fault."""
    found = decode(packed(json.dumps(base | changes).encode()))
    if isinstance(found, UserSig):
        assert found.expires_at >= found.issued_at >= 0
        assert verify(found, key=KEY) in (True, False)
    else:
        assert found.kind in ("fields", "not-json")


@pytest.mark.parametrize("text", [golden(), golden(userbuf=bytes(300)), golden(identifier="xiaojun1")])
def test_no_beginning_of_a_usersig_is_a_usersig(text: str) -> None:
    """Cut at any point, a usersig is told to be truncated, unless nothing is left."""
    kinds = {fault_of(text[:length]).kind for length in range(1, len(text))}
    assert kinds == {"truncated"}


@UNTIMED
@given(identifier=texts, userbuf=userbufs, data=st.data())
def test_no_beginning_of_any_usersig_is_a_usersig(identifier: str, userbuf: bytes | None, data: st.DataObject) -> None:
    """The same holds for a usersig of any content."""
    text = golden(identifier=identifier, userbuf=userbuf)
    assert fault_of(text[: data.draw(st.integers(1, len(text) - 1))]).kind == "truncated"


@pytest.mark.parametrize("size", [2**20, 2**25], ids=["1 MiB", "32 MiB"])
def test_a_bomb_is_refused_before_it_is_inflated(size: int) -> None:
    """A text of an allowed length that would inflate to far more than 64 KiB is refused."""
    text = packed(bytes(size))
    assert fault_of(text).kind == "too-large"


def test_a_usersig_hides_its_signature() -> None:
    """No repr tells the signature or the userbuf, and each still tells whose usersig it is."""
    sig = decoded(golden(userbuf=b"private"))
    for text in (repr(sig), str(sig), f"{[sig]}", pretty_repr(sig)):
        assert repr(sig.sig)[2:-1] not in text
        assert "private" not in text
        assert "identifier='xiaojun'" in text


def test_a_fault_hides_the_text() -> None:
    """A fault's reason holds no part of the usersig."""
    for text in (f"{golden()} x", golden()[:-1], f"{golden()}%2A", f"{golden()}==", golden()[:100]):
        assert golden()[:6] not in fault_of(text).detail


SIGNED_V1 = (
    "TLS.appid_at_3rd:0\nTLS.account_type:0\nTLS.identifier:xiaojun\nTLS.sdk_appid:1400000000\n"
    "TLS.time:1700000000\nTLS.expire_after:15552000\n"
)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return a key's public half as the console hands it out."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed_v1(key: ec.EllipticCurvePrivateKey, message: str, **changes: object) -> UserSig:
    """Return a usersig of version 1 that carries the signature of a message."""
    signature = key.sign(message.encode(), ec.ECDSA(hashes.SHA256()))
    return decoded(usersig_of(V1, sig=base64.b64encode(signature).decode(), **changes))


def test_version_1_is_read_and_verified() -> None:
    """A usersig of version 1 gives its fields and verifies with its public key, and with no other."""
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    sig = signed_v1(key, SIGNED_V1)
    assert (sig.version, sig.identifier, sig.sdkappid, sig.time, sig.expire) == (1, "xiaojun", SDKAPPID, TIME, EXPIRE)
    assert (sig.account_type, sig.appid_at_3rd, sig.userbuf) == ("0", "0", None)
    assert sig.expires_at == TIME + EXPIRE
    assert verify_v1(sig, public_key_pem=pem(key))
    assert not verify_v1(sig, public_key_pem=pem(other))
    assert not verify(sig, key=KEY)


def test_version_1_covers_its_userbuf() -> None:
    """The userbuf of version 1 is signed after the other fields."""
    key = ec.generate_private_key(ec.SECP256R1())
    sig = signed_v1(key, f"{SIGNED_V1}TLS.userbuf:YWJj\n", userbuf="YWJj")
    assert sig.userbuf == b"abc"
    assert verify_v1(sig, public_key_pem=pem(key))
    assert not verify_v1(signed_v1(key, SIGNED_V1, userbuf="YWJj"), public_key_pem=pem(key))


def test_version_1_is_recognised_without_its_version() -> None:
    """The first packages wrote no TLS.version: TLS.sdk_appid is enough."""
    assert decoded(usersig_of(V1, version=None)).version == 1


def test_version_2_has_no_public_key() -> None:
    """No public key verifies a usersig of version 2."""
    assert not verify_v1(decoded(golden()), public_key_pem=pem(ec.generate_private_key(ec.SECP256R1())))


@pytest.mark.parametrize(
    ("text", "message"),
    {
        "nothing": (b"", "no PEM file with a public key"),
        "rubbish": (b"\xff\x00rubbish", "no PEM file with a public key"),
        "the secret key": (KEY.encode(), "no PEM file with a public key"),
        "an RSA key": (pem(rsa.generate_private_key(65537, 2048)), "not on an elliptic curve"),
    }.values(),
    ids=["nothing", "rubbish", "the secret key", "an RSA key"],
)
def test_another_file_is_no_public_key(text: bytes, message: str) -> None:
    """A file that is no public key on an elliptic curve is refused with a sentence."""
    sig = decoded(usersig_of(V1))
    with pytest.raises(ValueError, match=message):
        verify_v1(sig, public_key_pem=text)


KEYS: dict[str, tuple[str, str | None]] = {
    "a sound key": (KEY, None),
    "nothing": ("", "empty"),
    "blanks only": (" \n", "empty"),
    "a space before": (f" {KEY}", "whitespace"),
    "a line end after": (f"{KEY}\n", "whitespace"),
    "a carriage return after": (f"{KEY}\r", "whitespace"),
    "a no-break space after": (f"{KEY}\u00a0", "whitespace"),
    "a private key": ("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n", "private-key-pem"),
    "a private key of EC": ("-----BEGIN EC PRIVATE KEY-----\nMHcC\n", "private-key-pem"),
    "a private key after its parameters": (
        "-----BEGIN EC PARAMETERS-----\nBg==\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\n",
        "private-key-pem",
    ),
}


@pytest.mark.parametrize(("key", "fault"), KEYS.values(), ids=KEYS)
def test_an_odd_key_is_noticed(key: str, fault: str | None) -> None:
    """The known pitfalls of a secret key are told apart, and a sound one has none."""
    assert key_fault(key) == fault
