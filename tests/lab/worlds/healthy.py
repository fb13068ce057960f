"""Worlds in which nothing is wrong, however odd they look: any cause named in them is a false alarm."""

from imdoctor.lab.gateway import Answering
from imdoctor.lab.resolver import Resolving
from tests.lab.model import (
    BACKUP_ADDRESS,
    GATEWAY,
    GATEWAY6,
    PROXY,
    PROXY_PORT,
    PUBLIC,
    RESOLVER,
    SECOND,
    Proxy,
    Resolver,
    Server,
    Truth,
    World,
)
from tests.lab.truth import ANSWERS, curl, dig, dropped, file_says, handshake
from tests.lab.wire import Manner

TEN = tuple(f"43.141.10.{number}" for number in range(1, 11))
SIX_RESOLVER = "2402:4e00:5300::1"
MIRRORED = {GATEWAY: Server(), SECOND: Server()}
PROXIED = {"https_proxy": f"http://{PROXY}:{PROXY_PORT}"}

NOTHING_ELSE = f"""
iptables -A FORWARD -d {GATEWAY} -p tcp --dport 443 -j ACCEPT
iptables -A FORWARD -d {BACKUP_ADDRESS} -p tcp --dport 443 -j ACCEPT
iptables -A FORWARD -d 10.53.0.0/24 -j ACCEPT
iptables -A FORWARD -s 10.20.0.0/24 -j DROP
"""
HEALTHY = (
    World(name="healthy/ipv4", title="IPv4 only", truth=(ANSWERS,)),
    World(
        name="healthy/ipv6",
        title="IPv6 only",
        families="6",
        servers={GATEWAY6: Server()},
        resolvers=(Resolver(address=SIX_RESOLVER),),
        truth=(ANSWERS,),
    ),
    World(
        name="healthy/dual-stack",
        title="IPv4 and IPv6",
        families="46",
        servers={GATEWAY: Server(), GATEWAY6: Server()},
        truth=(ANSWERS, dig("NOERROR(?s:.*)ANSWER: 1,", kind="AAAA")),
    ),
    World(
        name="healthy/200-ms",
        title="200 ms away",
        wire=Manner(delay=0.1),
        truth=(
            curl("60002", arguments="-w 'connect %{time_connect}'"),
            curl(r"connect 0\.[2-4]", arguments="-w 'connect %{time_connect}'"),
        ),
    ),
    World(
        name="healthy/1-percent-loss",
        title="1 % of all packets lost",
        wire=Manner(loss=0.01),
        truth=(ANSWERS, Truth(script=f"ping -q -f -c 600 {GATEWAY}", says=r" [0-9.]*[1-9][0-9.]*% packet loss")),
    ),
    World(
        name="healthy/proxy",
        title="Behind a proxy that is the only way out",
        proxy=Proxy(),
        environ=PROXIED,
        setup=(("router", "iptables -A FORWARD -s 10.20.0.0/24 -p tcp --dport 443 -j DROP"),),
        truth=(curl("200 Connection established(?s:.*)60002"), curl("timed out", arguments="--noproxy '*' -m 2")),
    ),
    World(
        name="healthy/squid",
        title="Behind squid",
        proxy=Proxy(kind="squid"),
        environ=PROXIED,
        truth=(curl("200 Connection established(?s:.*)60002"),),
    ),
    World(
        name="healthy/dnsmasq",
        title="dnsmasq on 127.0.0.1",
        resolvers=(Resolver(address="127.0.0.1", kind="dnsmasq"),),
        truth=(ANSWERS,),
    ),
    World(
        name="healthy/systemd-resolved",
        title="systemd-resolved's stub",
        resolvers=(Resolver(), Resolver(address="127.0.0.53", kind="resolved", lines=(RESOLVER,))),
        nameservers=("127.0.0.53",),
        truth=(ANSWERS, dig("NOERROR", server="127.0.0.53")),
    ),
    World(
        name="healthy/corporate-ca",
        title="A company's authority is in the system's store, for other names",
        store=("Lab Root", "Corporate CA"),
        truth=(ANSWERS, file_says("store.pem", "^2$", through="grep -c BEGIN")),
    ),
    World(
        name="healthy/tls-1.2",
        title="TLS 1.2 only",
        servers={GATEWAY: Server(nginx=("ssl_protocols TLSv1.2;", "location / { proxy_pass http://127.0.0.1:8080; }"))},
        truth=(ANSWERS, handshake("TLSv1.2"), handshake("alert protocol version|wrong version", arguments="-tls1_3")),
    ),
    World(
        name="healthy/rsa",
        title="An RSA certificate",
        servers={GATEWAY: Server(front="rsa2048")},
        truth=(ANSWERS, handshake("RSA")),
    ),
    World(
        name="healthy/long-chain",
        title="A chain of three",
        servers={GATEWAY: Server(front="long-chain")},
        truth=(ANSWERS,),
    ),
    World(
        name="healthy/ten-addresses",
        title="Ten addresses",
        servers={address: Server() for address in TEN},
        truth=(ANSWERS, dig("ANSWER: 10,")),
    ),
    World(
        name="healthy/mirrors",
        title="Two resolvers give two addresses, and both are right",
        servers=MIRRORED,
        resolvers=(
            Resolver(zone={"console.tim.qq.com": (GATEWAY,)}),
            Resolver(address="10.53.0.2", zone={"console.tim.qq.com": (SECOND,)}),
        ),
        truth=(
            dig(GATEWAY.replace(".", r"\.")),
            dig(SECOND.replace(".", r"\."), server="10.53.0.2"),
            handshake("Verification: OK"),
            handshake("Verification: OK", address=SECOND),
        ),
    ),
    World(
        name="healthy/800-ms-backend",
        title="A backend that takes 800 ms",
        servers={GATEWAY: Server(answering=Answering(delay=0.8))},
        truth=(curl(r"first byte (0\.[89]|1\.[0-4])", arguments="-w 'first byte %{time_starttransfer}'"),),
    ),
    World(
        name="healthy/servfail-for-aaaa",
        title="SERVFAIL for AAAA alone",
        resolvers=(Resolver(kind="ours", how=Resolving(aaaa_rcode="SERVFAIL")),),
        truth=(ANSWERS, dig("SERVFAIL", kind="AAAA"), dig("NOERROR")),
    ),
    World(
        name="healthy/fake-ip",
        title="A resolver that gives fake addresses, which answer as the gateway",
        servers={"198.18.0.7": Server()},
        truth=(ANSWERS, dig(r"198\.18\.0\.7")),
    ),
    World(
        name="healthy/no-internet",
        title="A network that lets calls to the service out, and nothing else",
        setup=(("router", NOTHING_ELSE),),
        truth=(ANSWERS, dig("timed out|no servers", server=PUBLIC), dropped(what="DROP")),
    ),
    World(
        name="healthy/search-domains",
        title="Search domains and ndots:5",
        resolv_lines=("search prod.svc.cluster.local svc.cluster.local cluster.local", "options ndots:5"),
        truth=(ANSWERS, dig("NXDOMAIN", name="console.tim.qq.com.cluster.local")),
    ),
)
