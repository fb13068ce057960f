"""A request as an application makes it, as far as a text shows it."""

import re
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

_PLACEHOLDER = re.compile(r"\*{3,}|\$.*|.*\$\{.*|\{.*\}|<.*>", re.DOTALL)


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """One request. What the text does not show is None: a URL alone tells no method, no body and no time limit.

    ``headers`` are those that were asked for, names in lower case. ``body`` is "" for none; ``body_hidden`` tells that it
    comes from elsewhere. Times are seconds. ``ampersand`` tells that a shell would have ended the command at an & in the URL.
    """

    url: str
    method: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    body_hidden: bool = False
    content_type: str | None = None
    max_time: float | None = None
    connect_timeout: float | None = None
    http10: bool = False
    insecure: bool = False
    ampersand: bool = False

    def __repr__(self) -> str:
        return f"Called(method={self.method!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show no more to rich than to everybody else: the URL holds a usersig."""
        return [("method", self.method)]

    @property
    def parts(self) -> SplitResult | None:
        """The URL's parts; None for what is no URL. Without a scheme it is http, as curl has it."""
        try:
            split = urlsplit(self.url if "://" in self.url else f"http://{self.url}")
            known = split.port is None or split.port > 0
        except ValueError:
            return None
        return split if known and split.hostname else None

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The query's names and values in their order, percent-decoded once (RFC 3986 §2.1)."""
        query = self.parts.query if self.parts else ""
        pairs = (piece.partition("=") for piece in query.split("&") if piece)
        return tuple((unquote(name), unquote(value)) for name, _, value in pairs)

    @property
    def unseen_body(self) -> bool:
        """Whether the body, or a part of it, comes from elsewhere: a file, or a shell's variable."""
        return self.body_hidden or re.search(r"\$\{?[A-Za-z_]", self.body or "") is not None


def hidden(value: str) -> bool:
    """Tell whether something stands for the value: ``***``, a shell's variable, ``{…}`` or ``<…>``."""
    return _PLACEHOLDER.fullmatch(value) is not None
