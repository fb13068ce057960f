"""The lab's scenarios: a fault each, and the causes that a right diagnosis names."""

from typing import Any

from imdoctor.lab.front import HOST
from imdoctor.lab.gateway import Answering
from imdoctor.lab.resolver import Resolving
from imdoctor.lab.world import ELSEWHERE, GATEWAY, GATEWAY6, RESOLVER_EXIT, Credentials, Scenario

DAY = 86400.0
SECOND = "43.141.10.2"
THIRD = "43.141.10.3"
SIGNED = Credentials(kind="usersig")

HEALTHY = Scenario(name="healthy", title="Everything is as it should be")


def fault(code: str, title: str, *more: str, variant: str = "", **how: Any) -> Scenario:
    """Return a scenario named for the code that its diagnosis must name first; ``more`` are the causes after that."""
    name = f"{code}/{variant}" if variant else code
    return Scenario(name=name, title=title, expect=(code, *more), **how)


def answering(**how: Any) -> Answering:
    """Return how the gateway answers."""
    return Answering(**how)


DEAD, GOOD = Resolving(silent=True), Resolving()

DNS = (
    fault("dns.server-timeout", "Every resolver is silent", resolvers=(DEAD, DEAD)),
    fault("dns.server-timeout", "The first of two resolvers is silent", variant="first-of-two", resolvers=(DEAD, GOOD)),
    fault("dns.servfail", "The resolver fails", resolvers=(Resolving(rcode="SERVFAIL"),)),
    fault("dns.server-refused", "The resolver refuses", resolvers=(Resolving(rcode="REFUSED"),)),
    fault("dns.nxdomain", "The name does not exist, says the resolver", resolvers=(Resolving(rcode="NXDOMAIN"),)),
    fault("dns.no-address", "The answer holds no address", resolvers=(Resolving(empty=True),)),
    fault("dns.slow", "The resolver takes its time", resolvers=(Resolving(delay=0.4),)),
    fault(
        "dns.tcp-blocked",
        "The answer is truncated, and TCP blocked",
        resolvers=(Resolving(truncated=True),),
        resolver_tcp=False,
    ),
    fault("dns.bogon-answer", "A sinkhole answers", resolvers=(Resolving(addresses=("0.0.0.0",)),)),  # noqa: S104 - an answer, not a bind
    fault(
        "dns.bogon-answer",
        "The resolver gives a private address",
        variant="private",
        resolvers=(Resolving(addresses=("10.9.8.7",)),),
    ),
    fault("dns.hosts-override", "The hosts file pins a dead address", variant="dead", hosts=(f"{ELSEWHERE} {HOST}",)),
    fault("dns.hosts-override", "The hosts file pins the right address", hosts=(f"{GATEWAY} {HOST}",)),
    fault(
        "dns.hijacked",
        "The first resolver leads to another server",
        resolvers=(Resolving(addresses=(ELSEWHERE,)), GOOD),
        elsewhere="other-name",
    ),
    fault(
        "dns.hijacked",
        "The only resolver leads to another server, says a public one",
        variant="one-resolver",
        resolvers=(Resolving(addresses=(ELSEWHERE,)),),
        elsewhere="other-name",
        public=GOOD,
    ),
    fault(
        "dns.servers-disagree",
        "The second resolver leads to another server",
        resolvers=(GOOD, Resolving(addresses=(ELSEWHERE,))),
        elsewhere="self-signed",
    ),
    fault(
        "dns.egress-mismatch",
        "The resolver leaves the network by another ISP than this host",
        leaves_by=RESOLVER_EXIT,
        third_party=True,
    ),
    fault("dns.intermittent", "The resolver answers every second question", resolvers=(Resolving(answers_every=2),)),
)

TCP = (
    fault("tcp.refused", "Every address refuses", dead={GATEWAY: "refused"}),
    fault("tcp.timeout", "Every address is silent", dead={GATEWAY: "silent"}, timeout=1.0),
    fault("tcp.reset", "The connection is reset as soon as it stands", dead={GATEWAY: "reset"}),
    fault("tcp.partial", "One address of three refuses", addresses=(GATEWAY, SECOND, THIRD), dead={SECOND: "refused"}),
    fault(
        "tcp.ipv6-broken",
        "IPv6 is silent, IPv4 works",
        addresses=(GATEWAY, GATEWAY6),
        dead={GATEWAY6: "silent"},
        timeout=1.0,
    ),
    fault("tcp.ipv4-broken", "IPv4 is refused, IPv6 works", addresses=(GATEWAY, GATEWAY6), dead={GATEWAY: "refused"}),
)

TLS = (
    fault("tls.cert-expired", "The certificate has expired", tls="expired"),
    fault("tls.cert-not-yet-valid", "The certificate is not yet valid", tls="not-yet-valid"),
    fault("tls.cert-hostname", "The certificate is for another name", tls="other-name"),
    fault("tls.cert-self-signed", "The certificate is self-signed", tls="self-signed"),
    fault("tls.cert-untrusted", "The root is unknown", tls="unknown-root"),
    fault("tls.chain-incomplete", "The intermediate is missing", tls="no-intermediate"),
    fault("tls.intercepted", "A firewall inspects TLS", tls="inspected"),
    fault(
        "tls.intercepted",
        "An unknown root vouches for this name alone",
        variant="unknown-root",
        tls="unknown-root",
        backup="good",
    ),
    fault("tls.cert-expiring", "The certificate expires in 10 days", tls="expiring"),
    fault("tls.not-tls", "Plain HTTP on the port", tls="http"),
    fault("tls.not-tls", "SSH on the port", variant="ssh", tls="ssh"),
    fault("tls.closed", "The stream ends after the ClientHello", tls="closed"),
    fault("tls.reset", "A reset after the ClientHello", tls="reset"),
    fault("tls.timeout", "Silence after the ClientHello", tls="silent", timeout=1.0),
    fault("tls.sni-filtered", "The name is filtered", tls="sni-filtered"),
    fault("tls.protocol-version", "No TLS version in common", tls="old-version"),
    fault("tls.no-shared-cipher", "No cipher in common", tls="no-cipher"),
    fault("tls.client-cert-required", "A client certificate is wanted", tls="client-certificate"),
    fault(
        "tls.client-cert-required",
        "A client certificate is wanted, TLS 1.2",
        variant="tls1.2",
        tls="client-certificate-tls1.2",
    ),
)

HTML = "<html><head><title>Login</title></head></html>"

PROBE = (
    fault("probe.timeout", "The request gets no answer", gateway=answering(silent=True), timeout=1.0),
    fault("probe.slow", "The answer takes 1.2 s", gateway=answering(delay=1.2)),
    fault("probe.http-status", "HTTP 502 with a page", gateway=answering(status=502, body=HTML)),
    fault("probe.http-status", "HTTP 503 with an envelope", variant="envelope", gateway=answering(status=503)),
    fault(
        "probe.redirected",
        "A redirect",
        gateway=answering(status=301, body="", headers={"Location": "https://portal.example.net/"}),
    ),
    fault("probe.not-im", "A page instead of an envelope", gateway=answering(body=HTML)),
    fault("probe.not-im", "Bytes that are no HTTP", variant="garbage", gateway=answering(garbage=True)),
    fault("probe.not-im", "A header without end", variant="endless-header", gateway=answering(endless_header=True)),
    fault("probe.captive-portal", "A login is wanted", gateway=answering(status=511, body=HTML)),
    fault(
        "probe.bad-envelope",
        "ErrorCode is a string",
        gateway=answering(body='{"ActionStatus":"OK","ErrorCode":"0","ErrorInfo":""}'),
    ),
    fault("probe.truncated", "The body is cut off", gateway=answering(truncated=True)),
    fault("probe.too-large", "A body of 10 MB", gateway=answering(body_bytes=10_000_000)),
    fault("probe.too-large", "50 MB in 50 kB of gzip", variant="bomb", gateway=answering(bomb=True)),
    fault("probe.timeout", "A byte a second", variant="byte-a-second", gateway=answering(rest=1.0), timeout=1.0),
    fault("probe.closed", "The connection ends without an answer", gateway=answering(close_unanswered=True)),
    fault("probe.rate-limited", "Too many calls", gateway=answering(error_code=60007)),
    fault("probe.backend-timeout", "The backend timed out", gateway=answering(error_code=60008, delay=3.2)),
    fault("probe.error-code", "Not an admin", gateway=answering(error_code=60010)),
    fault("probe.error-code", "A code that nobody knows", variant="unknown", gateway=answering(error_code=61234)),
    fault("probe.site-mismatch", "The app lives at another site", gateway=answering(error_code=60026)),
    fault("probe.no-keepalive", "The server closes after every answer", gateway=answering(close_always=True)),
)

OTHER_KEY = "f" * 64

USERSIG = (
    fault("usersig.expired", "The usersig expired a day ago", credentials=Credentials(kind="usersig", age=31 * DAY)),
    fault("usersig.expiring", "The usersig expires in a day", credentials=Credentials(kind="usersig", age=29 * DAY)),
    fault("usersig.not-yet-valid", "The usersig lies in the future", credentials=Credentials(kind="usersig", age=-DAY)),
    fault(
        "usersig.lifetime",
        "The usersig lives for an hour",
        credentials=Credentials(kind="usersig", lives=3600),
    ),
    fault(
        "usersig.wrong-key",
        "The usersig is signed with another key",
        credentials=Credentials(kind="usersig", key=OTHER_KEY),
    ),
    fault("usersig.key-whitespace", "A blank at the key's end", credentials=Credentials(key=f"{OTHER_KEY} ")),
    fault(
        "usersig.identifier-mismatch",
        "The usersig is for somebody else",
        credentials=Credentials(kind="usersig", signed_for="other"),
    ),
    fault(
        "usersig.sdkappid-mismatch",
        "The usersig is for another app",
        credentials=Credentials(kind="usersig", signed_app=1400000001),
    ),
    fault("usersig.truncated", "The usersig is cut off", credentials=Credentials(kind="usersig", spoilt="truncated")),
    fault(
        "usersig.double-encoded",
        "The usersig is encoded twice",
        credentials=Credentials(kind="usersig", spoilt="double-encoded"),
    ),
    fault(
        "usersig.malformed",
        "Something else stands in its place",
        credentials=Credentials(kind="usersig", spoilt="malformed"),
    ),
    fault(
        "usersig.rejected", "The server takes the usersig back", credentials=SIGNED, gateway=answering(error_code=70052)
    ),
    fault("usersig.missing", "An identifier without a credential", credentials=Credentials(kind="none")),
)

CLOCK = (
    fault("clock.skewed", "The host's clock is an hour behind", clock=-3600.0),
    fault(
        "clock.skewed",
        "The host's clock is a year ahead",
        variant="usersig",
        clock=365 * DAY,
        credentials=Credentials(lives=DAY),
    ),
)

PROXY = (
    fault("proxy.unreachable", "The proxy is dead", proxy="dead"),
    fault("proxy.auth-required", "The proxy wants a password", proxy="auth"),
    fault("proxy.denied", "The proxy denies CONNECT", proxy="denied"),
    fault("proxy.upstream-failed", "The proxy cannot resolve the name", proxy="upstream"),
    fault("proxy.broken", "The proxy answers rubbish", proxy="garbage"),
    fault("proxy.required", "Only the proxy gets out", proxy="good", exempt=True, dead={GATEWAY: "refused"}),
)

HOST_FAULTS = (
    fault("host.offline", "No network at all", offline=True, resolvers=(DEAD,), dead={GATEWAY: "silent"}, timeout=1.0),
)

PAIRS = (
    fault(
        "tls.cert-expired",
        "An expired certificate and a usersig of another app",
        "usersig.sdkappid-mismatch",
        variant="and-usersig.sdkappid-mismatch",
        tls="expired",
        credentials=Credentials(kind="usersig", signed_app=1400000001),
    ),
    fault(
        "dns.slow",
        "A slow resolver and dead IPv6",
        "tcp.ipv6-broken",
        variant="and-tcp.ipv6-broken",
        resolvers=(Resolving(delay=0.4),),
        addresses=(GATEWAY, GATEWAY6),
        dead={GATEWAY6: "refused"},
    ),
    fault(
        "tcp.refused",
        "Every address refuses, and the usersig has expired",
        "usersig.expired",
        variant="and-usersig.expired",
        dead={GATEWAY: "refused"},
        credentials=Credentials(kind="usersig", age=31 * DAY),
    ),
    fault(
        "probe.rate-limited",
        "Too many calls, and a wrong clock",
        "clock.skewed",
        variant="and-clock.skewed",
        gateway=answering(error_code=60007, date_shift=-120.0),
        credentials=Credentials(age=600.0),
    ),
)

SCENARIOS: tuple[Scenario, ...] = (*DNS, *TCP, *TLS, *PROBE, *USERSIG, *CLOCK, *PROXY, *HOST_FAULTS, *PAIRS)
