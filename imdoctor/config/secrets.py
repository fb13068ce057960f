"""Secrets: read from a file or an environment variable, shown to nobody, unwrapped only where something is signed or sent."""

import base64
import hashlib
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

SEARCHED_FROM = 12
"""Values shorter than this many characters are not searched for in outputs: they would match by chance."""


class Secret:
    """A secret text whose ``repr`` and ``str`` are ``***``."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself. Call this only where something is signed, verified or sent."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What is at hand to sign in with. ``made_at`` tells that the usersig was made from the key, and when (Unix seconds).

    ``proxy_url`` is a proxy given with a password in the configuration, kept from the settings that reports show.
    """

    usersig: Secret | None = None
    secret_key: Secret | None = None
    made_at: int | None = None
    proxy_url: str | None = None

    @property
    def kind(self) -> Literal["none", "usersig", "secret_key"]:
        """What is at hand, in a word."""
        if self.secret_key is not None:
            return "secret_key"
        return "none" if self.usersig is None else "usersig"

    @property
    def made(self) -> bool:
        """Whether the usersig was made from the key."""
        return self.made_at is not None

    @cached_property
    def fingerprint(self) -> str:
        """A hash by which a credential is known again, and from which nobody makes it: of the key where there is one."""
        source = self.secret_key or self.usersig
        text = "" if source is None else source.reveal()
        return hashlib.sha256(f"{self.kind}\n{text}".encode()).hexdigest()[:32]

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret, for the mask."""
        proxy = urllib.parse.urlsplit(self.proxy_url or "").password
        held = (self.usersig, self.secret_key, Secret(proxy) if proxy else None)
        return tuple(secret for secret in held if secret is not None)


def proxy_passwords(environ: Mapping[str, str]) -> tuple[Secret, ...]:
    """Return the passwords that the environment's proxy variables hold, for the mask."""
    urls = (value for name, value in environ.items() if name.lower() in {"https_proxy", "http_proxy", "all_proxy"})
    split = (urllib.parse.urlsplit(url if "://" in url else f"http://{url}") for url in urls)
    return tuple(Secret(urllib.parse.unquote(url.password)) for url in split if url.password)


def encodings(text: str) -> set[str]:
    """Return the forms in which a secret may turn up: plain, URL, base64 (each alphabet and alignment), hex."""
    raw = text.encode()
    plain = {text, urllib.parse.quote(text, safe=""), urllib.parse.quote_plus(text), raw.hex(), raw.hex().upper()}
    aligned = {_inner_base64(raw, shift) for shift in range(3)}
    return plain | aligned | {form.replace("+", "-").replace("/", "_") for form in aligned}


def _inner_base64(raw: bytes, shift: int) -> str:
    """Return the base64 characters that depend on ``raw`` alone when ``shift`` unknown bytes stand before it."""
    coded = base64.b64encode(b"\0" * shift + raw).decode("ascii").rstrip("=")
    head = (0, 2, 3)[shift]
    tail = 1 if (shift + len(raw)) % 3 else 0
    return coded[head : len(coded) - tail]


@dataclass(frozen=True)
class Mask:
    """Replaces every loaded secret, in any usual encoding, by ``***``."""

    forms: tuple[str, ...]

    @classmethod
    def of(cls, secrets: Iterable[Secret]) -> "Mask":
        """Return the mask for these secrets, the longest forms first."""
        texts = {text for secret in secrets for text in _searched(secret)}
        return cls(tuple(sorted(texts, key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        """Return the text with every secret masked."""
        for form in self.forms:
            if form in text:
                text = text.replace(form, "***")
        return text


def _searched(secret: Secret) -> set[str]:
    text = secret.reveal()
    return {form for form in encodings(text) | encodings(text.strip()) if len(form) >= SEARCHED_FROM}
