"""Two faults at once: both are named, the one that blocks first."""

from typing import Any

from imdoctor.lab.gateway import Answering
from imdoctor.lab.resolver import Resolving
from imdoctor.lab.world import Credentials
from tests.lab.model import (
    DAY,
    ELSEWHERE,
    GATEWAY,
    GATEWAY6,
    SECOND,
    SECOND_RESOLVER,
    Proxy,
    Resolver,
    Server,
    Truth,
    World,
)
from tests.lab.truth import ANSWERS, REFUSED, SILENT, curl, dig, dropped, error_code, handshake, moved_clock, reachable
from tests.lab.worlds.credentials import PEM_KEY
from tests.lab.worlds.healthy import PROXIED
from tests.lab.worlds.names import LIE, NO_TCP, NO_UDP
from tests.lab.worlds.path import TO_GATEWAY

EXPIRED_SIG = Credentials(kind="usersig", age=31 * DAY)
CALLS_SHORT = {"client": {"timeout": "2s", "keepalive": True, "pool": 10}}


def pair(title: str, *expect: str, **more: Any) -> World:
    """Return a world with two faults, named after both."""
    return World(name=f"pair/{'+'.join(expect)}", title=title, expect=expect, **more)


PAIRS = (
    pair(
        "An expired certificate, and a usersig for another app",
        "tls.cert-expired",
        "usersig.sdkappid-mismatch",
        servers={GATEWAY: Server(front="expired")},
        credentials=Credentials(kind="usersig", signed_app=1400000001),
        truth=(handshake("certificate has expired"),),
    ),
    pair(
        "An expired certificate, and a key with a blank",
        "tls.cert-expired",
        "usersig.key-whitespace",
        servers={GATEWAY: Server(front="expired")},
        credentials=Credentials(key=f"{'f' * 64} "),
        truth=(handshake("certificate has expired"),),
    ),
    pair(
        "An expired certificate, and a version 1 key in the secret key's place",
        "tls.cert-expired",
        "usersig.wrong-key",
        servers={GATEWAY: Server(front="expired")},
        credentials=Credentials(key=PEM_KEY),
        truth=(handshake("certificate has expired"),),
    ),
    pair(
        "A slow resolver, and dead IPv6",
        "dns.slow",
        "tcp.ipv6-broken",
        families="46",
        servers={GATEWAY: Server(), GATEWAY6: Server()},
        resolvers=(Resolver(kind="ours", how=Resolving(delay=0.5)),),
        setup=(("router", "ip6tables -A FORWARD -p tcp --dport 443 -j DROP"),),
        truth=(dig(r"Query time: 5\d\d"), reachable(GATEWAY6, says=SILENT), dropped(table="ip6tables")),
    ),
    pair(
        "Too many calls, and a clock two minutes ahead",
        "probe.rate-limited",
        "clock.skewed",
        clock=120.0,
        servers={GATEWAY: Server(answering=Answering(error_code=60007))},
        credentials=Credentials(kind="usersig", age=DAY),
        truth=(ANSWERS, error_code(60007), moved_clock(120.0)),
    ),
    pair(
        "Nobody listens, and the usersig has expired",
        "tcp.refused",
        "usersig.expired",
        servers={GATEWAY: Server(front="refused")},
        credentials=EXPIRED_SIG,
        truth=(reachable(says=REFUSED),),
    ),
    pair(
        "Dropped by a firewall, and the application's timeout is too short",
        "tcp.timeout",
        "client.timeout-too-short",
        setup=(("router", f"iptables -A FORWARD {TO_GATEWAY} -j DROP"),),
        target=CALLS_SHORT,
        truth=(reachable(says=SILENT), dropped()),
    ),
    pair(
        "A certificate for another name, and a usersig that is cut off",
        "tls.cert-hostname",
        "usersig.truncated",
        servers={GATEWAY: Server(front="other-name")},
        backup=Server(),
        credentials=Credentials(kind="usersig", spoilt="truncated"),
        truth=(handshake("[Hh]ostname mismatch"),),
    ),
    pair(
        "The proxy wants a password, and the usersig has expired",
        "proxy.auth-required",
        "usersig.expired",
        proxy=Proxy(lines=("ConnectPort 443", "BasicAuth user secret")),
        environ=PROXIED,
        credentials=EXPIRED_SIG,
        truth=(curl("407"),),
    ),
    pair(
        "The first resolver is dead, and the certificate expires soon",
        "dns.server-timeout",
        "tls.cert-expiring",
        servers={GATEWAY: Server(front="expiring")},
        resolvers=(Resolver(), Resolver(address=SECOND_RESOLVER)),
        setup=(("dns", f"{NO_UDP} -d 10.53.0.1; {NO_TCP} -d 10.53.0.1"),),
        truth=(dig("timed out|no servers"), handshake("Verification: OK"), dropped("dns", chain="INPUT")),
    ),
    pair(
        "HTTP 502, and one address of two is dead",
        "probe.http-status",
        "tcp.partial",
        servers={GATEWAY: Server(answering=Answering(status=502)), SECOND: Server(front="refused")},
        truth=(reachable(SECOND, says=REFUSED), curl("502")),
    ),
    pair(
        "The second resolver lies, and the server closes after every answer",
        "dns.servers-disagree",
        "probe.no-keepalive",
        servers={GATEWAY: Server(answering=Answering(close_always=True)), ELSEWHERE: Server(front="other-name")},
        resolvers=(Resolver(), Resolver(address=SECOND_RESOLVER, zone=LIE)),
        truth=(curl("(?i)connection: close"), dig(ELSEWHERE.replace(".", r"\."), server=SECOND_RESOLVER)),
    ),
    pair(
        "The hosts file pins the name, and the usersig expires tomorrow",
        "dns.hosts-override",
        "usersig.expiring",
        hosts=(f"{GATEWAY} console.tim.qq.com",),
        credentials=Credentials(kind="usersig", age=29 * DAY),
        truth=(
            ANSWERS,
            error_code(0),
            Truth(script="getent ahosts console.tim.qq.com", says=GATEWAY.replace(".", r"\.")),
        ),
    ),
)
