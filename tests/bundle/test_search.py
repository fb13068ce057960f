"""No secret passes the search, whatever its form; and what is none does."""

import base64
import gzip
import json
import textwrap
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imdoctor.bundle.search import LARGEST, LOADED, PRIVATE_KEY, USERSIG, find, needles
from imdoctor.config.secrets import Secret
from imdoctor.lab.authority import Authority
from tests.im.test_usersig import KEY, golden

SIG = golden()
USERSIG_ALPHABET = bytes.maketrans(b"+/=", b"*-_")

FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it stands": bytes,
    "percent-encoded": lambda raw: quote(raw, safe="").encode(),
    "percent-encoded, every character in small letters": lambda raw: "".join(f"%{byte:02x}" for byte in raw).encode(),
    "percent-encoded twice": lambda raw: quote(quote(raw, safe="")).encode(),
    "in hexadecimal digits": lambda raw: raw.hex().encode(),
    "in large hexadecimal digits": lambda raw: raw.hex().upper().encode(),
    "in hexadecimal digits with colons": lambda raw: raw.hex(":").encode(),
    "in hexadecimal digits by the byte": lambda raw: "".join(f"\\x{byte:02x}" for byte in raw).encode(),
    "as a list of hexadecimal numbers": lambda raw: ", ".join(f"0x{byte:02X}" for byte in raw).encode(),
    "in hexadecimal digits with hyphens": lambda raw: raw.hex("-").encode(),
    "in UTF-16": lambda raw: raw.decode().encode("utf-16-le"),
    "in UTF-16, the large end first": lambda raw: raw.decode().encode("utf-16-be"),
    "in base64": base64.b64encode,
    "in base64 after one byte": lambda raw: base64.b64encode(b"a" + raw),
    "in base64 after two bytes": lambda raw: base64.b64encode(b"ab" + raw + b"c"),
    "in base64 for URLs": base64.urlsafe_b64encode,
    "in base64 twice": lambda raw: base64.b64encode(base64.b64encode(raw)),
    "in base64 by the line": base64.encodebytes,
    "in a usersig's alphabet": lambda raw: base64.b64encode(raw).translate(USERSIG_ALPHABET),
    "deflated": zlib.compress,
    "deflated little": lambda raw: zlib.compress(raw, 0),
    "deflated in a small window": lambda raw: _deflated(raw, 9),
    "by gzip": gzip.compress,
    "packed like a usersig": lambda raw: base64.b64encode(zlib.compress(b"{%s}" % raw)).translate(USERSIG_ALPHABET),
    "by gzip in base64": lambda raw: base64.b64encode(gzip.compress(b"x" * 50 + raw)),
    "deflated in hexadecimal digits": lambda raw: zlib.compress(raw).hex().encode(),
    "deflated, and damaged at its end": lambda raw: zlib.compress(raw, 0)[:-2] + b"damaged",
    "in a JSON string": lambda raw: json.dumps(raw.decode()).encode(),
    "in a JSON string within one": lambda raw: json.dumps(base64.encodebytes(raw).decode()).encode(),
    "wrapped": lambda raw: "\n".join(textwrap.wrap(raw.decode(), 9, subsequent_indent="   ")).encode(),
}


def _deflated(raw: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(raw) + packer.flush()


SECRETS = {"key": KEY, "usersig": SIG, "odd": "pass w0rd/+with*all-of_it%&=", "wide": "密码很长很长很长的一个密码"}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_found(form: str, secret: str) -> None:
    """A secret is found in each form, between whatever stands around it."""
    sought = needles([Secret(secret)])
    hidden = FORMS[form](secret.encode())
    for before, after in ((b"", b""), (b"usersig=", b"&random=1"), (b'line\n  "', b'",\n'), (b"eJabc", b"\xff\x00")):
        assert find(before + hidden + after, sought) is not None, (before, hidden)


secrets = st.text("0123456789abcdef", min_size=64, max_size=64) | st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40
)


@given(secrets, st.sampled_from(sorted(set(FORMS) - {"wrapped"})), st.binary(max_size=40), st.binary(max_size=40))
@example("0" * 12, "deflated in hexadecimal digits", b"", b"")  # which packs into next to nothing
def test_any_secret_is_found_in_any_form(secret: str, form: str, before: bytes, after: bytes) -> None:
    """Whatever the secret, its form and its neighbours, it is found."""
    data = b"%s\n%s\n%s" % (before, FORMS[form](secret.encode()), after)
    assert find(data, needles([Secret(secret)])) is not None


def test_a_usersigs_inside_is_a_secret() -> None:
    """The document inside a usersig, and its signature alone, are as good as the usersig."""
    sought = needles([Secret(SIG)])
    inside = zlib.decompress(base64.b64decode(SIG.translate(str.maketrans("*-_", "+/="))))
    assert find(inside, sought) == LOADED
    signature = json.loads(inside)["TLS.sig"]
    for form in (signature, quote(signature), base64.b64decode(signature).hex()):
        assert find(f"x {form} y".encode(), sought) == LOADED


def test_secrets_that_were_never_loaded() -> None:
    """A usersig and a private key are known by what they are; a usersig that is cut off shows its signature no more."""
    assert find(f"https://a/?usersig={SIG}&b".encode(), ()) == USERSIG
    assert find(quote(SIG, safe="").encode(), ()) == USERSIG
    assert find(b"x\n-----BEGIN EC PRIVATE KEY-----\nabc", ()) == PRIVATE_KEY
    assert find(b"x\n-----BEGIN PRIVATE KEY-----\nabc", ()) == PRIVATE_KEY
    assert find(SIG[:60].encode(), ()) is None


INNOCENT = {
    "nothing": b"",
    "a usersig as it is shown": b"POST /v4/a/b?sdkappid=1&identifier=a&usersig=***&random=1&contenttype=json",
    "a certificate": Authority("Lab Root").leaf("console.tim.qq.com").pem(),
    "a fingerprint": KEY[::-1].encode(),
    "the secret's beginning": KEY[:-1].encode(),
    "compressed": gzip.compress(b"hello" * 100),
    "a bomb": zlib.compress(b"\0" * LARGEST * 20),
    "numbers": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("name", INNOCENT)
def test_what_is_no_secret_passes(name: str) -> None:
    """What holds no secret is let through, streams that inflate to no end included."""
    assert find(INNOCENT[name], needles([Secret(KEY), Secret("short")])) is None


def test_short_values_are_not_searched_for() -> None:
    """A value of fewer than 12 characters would be found by chance."""
    assert find(b"elevenchars", needles([Secret("elevenchars")])) is None
    assert find(b"twelve-chars", needles([Secret("twelve-chars")])) == LOADED


@given(
    st.binary(max_size=2000), st.binary(max_size=200).map(zlib.compress), st.binary(max_size=200).map(base64.b64encode)
)
def test_searching_never_raises(one: bytes, two: bytes, three: bytes) -> None:
    """Any bytes are searched, and no loaded secret is found that does not stand in them."""
    assert find(one + two + three, needles([Secret(KEY)])) != LOADED
