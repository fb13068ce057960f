"""Faults of name resolution: silent and refusing resolvers, lies, and the hosts file."""

from imdoctor.lab.front import HOST
from imdoctor.lab.gateway import Answering
from imdoctor.lab.resolver import Resolving
from tests.lab.model import (
    ELSEWHERE,
    GATEWAY,
    PUBLIC,
    RESOLVER,
    SECOND,
    SECOND_RESOLVER,
    Resolver,
    Server,
    Truth,
    World,
)
from tests.lab.truth import ANSWERS, curl, dig, dropped, handshake, reachable

NO_UDP = "iptables -A INPUT -p udp --dport 53 -j DROP"
NO_TCP = "iptables -A INPUT -p tcp --dport 53 -j DROP"
SILENT_DNS = "timed out|no servers could be reached"
FORWARDING = ("forward-zone:", '  name: "."', f"  forward-addr: {SECOND_RESOLVER}")
LIE = {HOST: (ELSEWHERE,)}
LIAR = {GATEWAY: Server(), ELSEWHERE: Server(front="other-name")}
PORTAL = Answering(status=302, body="", headers={"Location": "http://portal.example.net/login"})
NAME_RESOLVED = Truth(script=f"getent ahosts {HOST}; echo exit $?", says="exit [1-9]")


def bogus(address: str, variant: str) -> World:
    """Return a world whose resolver gives an address that no public service has."""
    return World(
        name=f"dns.bogon-answer/{variant}",
        title=f"The resolver answers {address}",
        expect=("dns.bogon-answer",),
        resolvers=(Resolver(zone={HOST: (address,)}),),
        truth=(dig(address.replace(".", r"\.")),),
    )


DNS = (
    World(
        name="dns.server-timeout/every-one",
        title="Every resolver is dead",
        expect=("dns.server-timeout",),
        resolvers=(Resolver(), Resolver(address=SECOND_RESOLVER)),
        setup=(("dns", f"{NO_UDP}; {NO_TCP}"),),
        truth=(dig(SILENT_DNS), dig(SILENT_DNS, server=SECOND_RESOLVER), dropped("dns", chain="INPUT")),
    ),
    World(
        name="dns.server-timeout/first-of-two",
        title="The first resolver of two is dead: look-ups are slow",
        expect=("dns.server-timeout",),
        resolvers=(Resolver(), Resolver(address=SECOND_RESOLVER)),
        setup=(("dns", f"{NO_UDP} -d {RESOLVER}; {NO_TCP} -d {RESOLVER}"),),
        truth=(dig(SILENT_DNS), dig("NOERROR", server=SECOND_RESOLVER), dropped("dns", chain="INPUT")),
    ),
    World(
        name="dns.server-refused/nobody-listens",
        title="Nobody listens where the resolver should be",
        expect=("dns.server-refused",),
        nameservers=("10.53.0.1",),
        resolvers=(Resolver(address=SECOND_RESOLVER),),
        truth=(dig("refused|timed out|no servers"),),
    ),
    World(
        name="dns.server-timeout/udp-blocked",
        title="UDP to the resolver is dropped, TCP passes",
        expect=("dns.server-timeout",),
        setup=(("dns", NO_UDP),),
        truth=(dig(SILENT_DNS), dig("NOERROR", arguments="+tcp +time=1 +tries=1"), dropped("dns", chain="INPUT")),
    ),
    World(
        name="dns.servfail/upstream",
        title="The resolver's own upstream refuses it",
        expect=("dns.servfail",),
        resolvers=(
            Resolver(lines=FORWARDING),
            Resolver(address=SECOND_RESOLVER, kind="ours", how=Resolving(rcode="REFUSED")),
        ),
        nameservers=(RESOLVER,),
        truth=(dig("SERVFAIL"), dig("REFUSED", server=SECOND_RESOLVER)),
    ),
    World(
        name="dns.server-refused/access-control",
        title="The resolver does not serve this network",
        expect=("dns.server-refused",),
        resolvers=(Resolver(lines=("access-control: 10.20.0.0/24 refuse", 'local-zone: "." static')),),
        truth=(dig("REFUSED"),),
    ),
    World(
        name="dns.nxdomain/unknown-name",
        title="The resolver does not know the name",
        expect=("dns.nxdomain",),
        resolvers=(Resolver(zone={HOST: ()}),),
        truth=(dig("NXDOMAIN"), NAME_RESOLVED),
    ),
    World(
        name="dns.nxdomain/dnsmasq",
        title="dnsmasq on this host does not know the name",
        expect=("dns.nxdomain",),
        resolvers=(Resolver(address="127.0.0.1", kind="dnsmasq", zone={HOST: ()}),),
        truth=(dig("NXDOMAIN", server="127.0.0.1"), NAME_RESOLVED),
    ),
    World(
        name="dns.no-address/empty",
        title="The answer holds no address",
        expect=("dns.no-address",),
        resolvers=(
            Resolver(zone={HOST: ()}, lines=('local-zone: "." static', f'local-data: "{HOST}. 60 IN TXT nothing"')),
        ),
        truth=(dig("NOERROR(?s:.*)ANSWER: 0"), NAME_RESOLVED),
    ),
    World(
        name="dns.tcp-blocked/truncated",
        title="The answer is truncated, and TCP to the resolver dropped",
        expect=("dns.tcp-blocked",),
        resolvers=(Resolver(kind="ours", how=Resolving(truncated=True)),),
        setup=(("dns", NO_TCP),),
        truth=(
            dig("flags:[^;]* tc", arguments="+ignore +time=1 +tries=1"),
            dig(SILENT_DNS, arguments="+tcp +time=1 +tries=1"),
            dropped("dns", chain="INPUT"),
        ),
    ),
    World(
        name="dns.slow/1.5-s",
        title="The resolver takes 1.5 s",
        expect=("dns.slow",),
        resolvers=(Resolver(kind="ours", how=Resolving(delay=1.5)),),
        truth=(dig(r"Query time: 15\d\d", arguments="+time=3 +tries=1"),),
    ),
    bogus("127.0.0.1", "loopback"),
    bogus("0.0.0.0", "unspecified"),
    bogus("10.66.6.6", "private"),
    World(
        name="dns.hijacked/one-resolver",
        title="The only resolver leads to a host that speaks HTTPS with another certificate",
        expect=("dns.hijacked",),
        servers=LIAR,
        resolvers=(Resolver(zone=LIE),),
        truth=(
            dig(ELSEWHERE.replace(".", r"\.")),
            handshake("hostname mismatch|Hostname mismatch", address=ELSEWHERE),
            handshake("Verification: OK"),
            dig(GATEWAY.replace(".", r"\."), server=PUBLIC),
        ),
    ),
    World(
        name="dns.hijacked/dead-address",
        title="The only resolver leads to a host that refuses",
        expect=("dns.hijacked",),
        servers={GATEWAY: Server(), ELSEWHERE: Server(front="refused")},
        resolvers=(Resolver(zone=LIE),),
        truth=(dig(ELSEWHERE.replace(".", r"\.")), reachable(ELSEWHERE, says="refused")),
    ),
    World(
        name="dns.hijacked/first-of-two",
        title="The first resolver of two lies",
        expect=("dns.hijacked",),
        servers=LIAR,
        resolvers=(Resolver(zone=LIE), Resolver(address=SECOND_RESOLVER)),
        truth=(dig(ELSEWHERE.replace(".", r"\.")), dig(GATEWAY.replace(".", r"\."), server=SECOND_RESOLVER)),
    ),
    World(
        name="dns.hijacked/search-list",
        title="A search domain with a wildcard answers in the name's place",
        expect=("dns.hijacked",),
        servers=LIAR,
        resolv_lines=("search corp.example", "options ndots:5"),
        zone={f"{HOST}.corp.example": (ELSEWHERE,)},
        truth=(
            Truth(script=f"getent ahosts {HOST}", says=ELSEWHERE.replace(".", r"\.")),
            dig(GATEWAY.replace(".", r"\.")),
        ),
    ),
    World(
        name="dns.servers-disagree/second-lies",
        title="The second resolver of two lies",
        expect=("dns.servers-disagree",),
        servers=LIAR,
        resolvers=(Resolver(), Resolver(address=SECOND_RESOLVER, zone=LIE)),
        truth=(ANSWERS, dig(ELSEWHERE.replace(".", r"\."), server=SECOND_RESOLVER)),
    ),
    World(
        name="probe.captive-portal/hijack",
        title="Every name leads to a captive portal, until somebody logs in",
        expect=("probe.captive-portal",),
        servers={GATEWAY: Server(front="other-name", answering=PORTAL)},
        backup=Server(front="other-name", answering=PORTAL),
        setup=(("router", f"iptables -A FORWARD -d {PUBLIC} -j DROP"),),
        truth=(curl("302(?s:.*)portal.example.net", arguments="-k"), handshake("[Hh]ostname mismatch")),
    ),
    World(
        name="dns.hosts-override/dead",
        title="The hosts file pins the name to a dead address",
        expect=("dns.hosts-override",),
        hosts=(f"43.141.10.77 {HOST}",),
        truth=(
            Truth(script=f"getent ahosts {HOST}", says=r"43\.141\.10\.77"),
            reachable("43.141.10.77", says="timed out"),
        ),
    ),
    World(
        name="dns.hosts-override/live",
        title="The hosts file pins the name to an address that works",
        expect=("dns.hosts-override",),
        servers={GATEWAY: Server(), SECOND: Server()},
        hosts=(f"{SECOND} {HOST}",),
        truth=(ANSWERS, Truth(script=f"getent ahosts {HOST}", says=SECOND.replace(".", r"\."))),
    ),
    World(
        name="dns.no-resolver/empty-file",
        title="resolv.conf names no resolver",
        expect=("dns.no-resolver",),
        nameservers=(),
        truth=(Truth(script="grep -c nameserver /etc/resolv.conf", says="^0$"), NAME_RESOLVED),
    ),
    World(
        name="host.no-resolv-conf/unreadable",
        title="resolv.conf cannot be read by whom imdoctor runs as",
        expect=("host.no-resolv-conf",),
        setup=(("client", "chmod 000 /etc/resolv.conf"),),
        truth=(Truth(script="stat -c %a /etc/resolv.conf", says="^0$"),),
    ),
)
