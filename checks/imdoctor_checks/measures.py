"""What the built-in checks measure, as docs/metrics.md tells of it."""

import msgspec

from imdoctor.model import Unit


class Measure(msgspec.Struct, frozen=True):
    """A measurement of a check: its name, its unit, what it says, and the labels that it may have."""

    check: str
    name: str
    unit: Unit
    text: str
    labels: tuple[str, ...] = ()


PLACE = ("server", "address", "country", "region", "isp")
ANOTHER = "`server` is a resolver, `direct` for this host, `proxy` for the proxy"

MEASURES = (
    Measure(
        "dns",
        "resolver",
        "info",
        "A nameserver of resolv.conf: its position there, its kind and its owner",
        ("server", "position", "kind", "owner"),
    ),
    Measure(
        "dns", "lookup", "seconds", "A nameserver's answer to one question (`type`: A or AAAA)", ("server", "type")
    ),
    Measure("dns", "system", "seconds", "The C library's answer, as the application waits for it"),
    Measure(
        "dns", "egress", "info", f"An address by which one leaves for the Internet, and its place: {ANOTHER}", PLACE
    ),
    Measure("dns", "egress", "seconds", "How long the source took that shows such an address", ("server", "source")),
    Measure("dns", "mirror cost", "seconds", "What a connection takes longer for a resolver's place", ("server",)),
    Measure("tcp", "connect", "seconds", "Connecting to an address", ("address",)),
    Measure("tcp", "rtt", "seconds", "The kernel's round trip time to an address", ("address",)),
    Measure("tls", "handshake", "seconds", "A full handshake with an address", ("address",)),
    Measure("tls", "resumed", "seconds", "A handshake that resumes a session", ("address",)),
    Measure("tls", "certificate_expires", "timestamp", "When the certificate that an address shows ends", ("address",)),
    Measure(
        "tls", "certificate_expires_in", "seconds", "How long that was from the look, below 0 when past", ("address",)
    ),
    Measure("probe", "resolve", "seconds", "The look-up before a call (`call`: cold or warm)", ("call",)),
    Measure("probe", "connect", "seconds", "Connecting for a call", ("call",)),
    Measure("probe", "handshake", "seconds", "The handshake for a call", ("call",)),
    Measure("probe", "send", "seconds", "Sending the request", ("call",)),
    Measure("probe", "wait", "seconds", "From the request's last byte to the answer's first", ("call",)),
    Measure("probe", "receive", "seconds", "From the answer's first byte to its last", ("call",)),
    Measure("probe", "total", "seconds", "The whole call", ("call",)),
    Measure("usersig", "expires", "timestamp", "When the usersig ends"),
    Measure("usersig", "expires_in", "seconds", "How long that was from the look, below 0 when past"),
    Measure("clock", "offset_low", "seconds", "The least by which the server's clock is ahead of this host's"),
    Measure("clock", "offset_high", "seconds", "The most by which it is"),
    Measure("proxy", "connect", "seconds", "Opening a tunnel through the proxy"),
    Measure("proxy", "egress", "info", "As the one of `dns`, where calls go through a proxy", PLACE),
)
