"""Faults of a proxy on the way."""

from imdoctor.lab.front import HOST
from tests.lab.model import GATEWAY, PROXY, PROXY_PORT, RESOLVER, SECOND_RESOLVER, Proxy, Resolver, Server, World
from tests.lab.truth import curl, dropped
from tests.lab.worlds.healthy import PROXIED

ONLY_WAY = ("router", "iptables -A FORWARD -s 10.20.0.0/24 -p tcp --dport 443 -j DROP")
URL = f"http://{PROXY}:{PROXY_PORT}"
FORGETFUL = (Resolver(), Resolver(address=SECOND_RESOLVER, zone={HOST: ()}))
"""The proxy's own resolver, the second one, does not know the name."""
DIRECT = "--noproxy '*'"


def through(
    name: str, title: str, proxy: Proxy, says: str, *, resolvers: tuple[Resolver, ...] = (Resolver(),)
) -> World:
    """Return a world whose proxy is the only way out, and faulty; its code is the name's first part."""
    return World(
        name=name,
        title=title,
        expect=(name.partition("/")[0],),
        proxy=proxy,
        environ=PROXIED,
        resolvers=resolvers,
        nameservers=(RESOLVER,),
        setup=(ONLY_WAY,),
        truth=(curl(says),),
    )


PROXIES = (
    through(
        "proxy.unreachable/nobody-listens",
        "Nobody listens at the proxy",
        Proxy(kind="none"),
        "Failed to connect|Couldn't connect",
    ),
    through(
        "proxy.auth-required/tinyproxy",
        "The proxy wants a password",
        Proxy(lines=("ConnectPort 443", "BasicAuth user secret")),
        "407",
    ),
    through("proxy.denied/port", "The proxy denies CONNECT to port 443", Proxy(lines=("ConnectPort 8443",)), "403"),
    through(
        "proxy.denied/squid",
        "squid's rules deny the name",
        Proxy(kind="squid", lines=(f"acl im dstdomain {HOST}", "http_access deny im", "http_access allow all")),
        "403",
    ),
    through(
        "proxy.upstream-failed/squid",
        "squid cannot resolve the name",
        Proxy(kind="squid", nameserver=SECOND_RESOLVER),
        "50[0-9]",
        resolvers=FORGETFUL,
    ),
    through(
        "proxy.upstream-failed/tinyproxy",
        "tinyproxy cannot resolve the name",
        Proxy(nameserver=SECOND_RESOLVER),
        "50[0-9]",
        resolvers=FORGETFUL,
    ),
    through(
        "proxy.broken/rubbish",
        "The proxy answers rubbish",
        Proxy(kind="ours", how="garbage"),
        "HTTP/0.9|Invalid|unsupported|Proxy CONNECT aborted|CONNECT",
    ),
    through(
        "proxy.broken/silent",
        "The proxy's own resolver is dead: it takes the CONNECT and never answers",
        Proxy(nameserver="10.53.0.9"),
        "timed out|CONNECT|50[0-9]",
    ),
    World(
        name="proxy.required/exempt",
        title="Only the proxy gets out, and NO_PROXY names the service",
        expect=("proxy.required",),
        proxy=Proxy(),
        environ={**PROXIED, "no_proxy": "localhost,.qq.com"},
        setup=(ONLY_WAY,),
        truth=(curl("timed out"), curl("60002", arguments=f"--noproxy '' -x {URL}"), dropped()),
    ),
    World(
        name="proxy.required/unset",
        title="Only the proxy gets out, and the target is told to go direct",
        expect=("proxy.required",),
        proxy=Proxy(),
        environ=PROXIED,
        proxy_setting="none",
        setup=(ONLY_WAY,),
        truth=(curl("timed out", arguments=DIRECT), curl("60002"), dropped()),
    ),
    World(
        name="tls.intercepted/by-a-proxy",
        title="The proxy leads to a host with an inspector's certificate",
        expect=("tls.intercepted",),
        proxy=Proxy(),
        environ=PROXIED,
        servers={GATEWAY: Server(front="inspected")},
        setup=(ONLY_WAY,),
        truth=(curl("(?s)(self.signed|unable to get)"), curl("200 Connection established(?s:.*)60002", arguments="-k")),
    ),
)
