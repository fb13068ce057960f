"""Step 4 of the list: resolvers that leave the network here or elsewhere, and what shows it, or lies about it."""

from typing import Any

import msgspec

from tests.lab.model import (
    AUTHORITY,
    AUTHORITY6,
    CLIENT6,
    GATEWAY,
    GATEWAY6,
    PROXY,
    PUBLIC,
    RESOLVER,
    SECOND,
    SECOND_RESOLVER,
    Outside,
    Proxy,
    Resolver,
    Server,
    Truth,
    Whereabouts,
    World,
)
from tests.lab.outside import IPIP, NSTOOL, PAIRS
from tests.lab.truth import ANSWERS, SILENT, curl, dig, dropped, reachable
from tests.lab.worlds.healthy import NOTHING_ELSE, PROXIED, SIX_RESOLVER

CLIENT, OWN, OTHER, AWAY, PUBLIC_EXIT = "10.20.0.2", "119.147.10.2", "120.196.0.2", "218.6.200.2", "119.29.29.29"
ABROAD = "210.140.10.2"
TELECOM_GD = Whereabouts(region="广东省", city="深圳市", isp="电信", asn=4134)
PLACES = {
    "119.147.10.0/24": TELECOM_GD,
    "119.147.20.0/24": Whereabouts(region="广东", city="广州", isp="China Telecom", asn=4134),
    "120.196.0.0/24": Whereabouts(region="广东省", city="广州市", isp="移动", asn=9808),
    "218.6.200.0/24": Whereabouts(region="四川省", city="成都市", isp="电信", asn=4134),
    "210.140.10.0/24": Whereabouts(country="日本", code="JP", region="东京都", isp="NTT"),
    "119.29.29.0/24": Whereabouts(region="天津市", isp="腾讯云", asn=45090),
    "2402:4e00:2000::/64": TELECOM_GD,
    "2402:4e00:5300::/64": TELECOM_GD,
}
LEAVES_ELSEWHERE = {CLIENT: (OWN,), RESOLVER: (OTHER,), PROXY: (OTHER,)}
ELSEWHERE = Outside(exits=LEAVES_ELSEWHERE, places=PLACES, files=("mmdb",))
MIRRORS = {"119.147.0.0/16": (SECOND,), "0.0.0.0/0": (GATEWAY,)}
"""Who asks from the host's own ISP is given the near mirror."""
TWO = {GATEWAY: Server(), SECOND: Server()}
DEAD_MIRROR = {"119.147.10.0/24": ("43.141.10.77",), "0.0.0.0/0": (GATEWAY,)}
UPSTREAM = ('forward-zone:\n  name: "."', f"  forward-addr: {AUTHORITY}")
UPSTREAM6 = (UPSTREAM[0], f"  forward-addr: {AUTHORITY6}")
RECURSIVE = Resolver(lines=UPSTREAM)
CLOUD = "183.60.83.19"
FAR_RESOLVERS = {CLOUD: OTHER, PUBLIC_EXIT: PUBLIC_EXIT}
DNSMASQ, RESOLVED = "127.0.0.1", "127.0.0.53"
NOTHING_MEASURABLE = "no measurable cost"


def whoami(address: str, *, server: str = RESOLVER, name: str = PAIRS, kind: str = "TXT") -> Truth:
    """Look at which address a whoami name shows."""
    return dig(address.replace(".", r"\."), server=server, name=name, kind=kind)


def leaves(address: str = OWN) -> Truth:
    """Look at by which address the client itself leaves."""
    return whoami(address, server=AUTHORITY)


def through(address: str, leaving: str | None = None) -> Resolver:
    """Return a resolver which hands every question to the authority by an address of its own."""
    own = leaving or FAR_RESOLVERS[address]
    return Resolver(address=address, lines=(f"outgoing-interface: {own}", *UPSTREAM))


def behind(stub: str, beyond: str, kind: str = "dnsmasq") -> tuple[Resolver, ...]:
    """Return a stub on the client and the resolver behind it."""
    upstream = through(beyond) if beyond in FAR_RESOLVERS else Resolver(address=beyond, lines=UPSTREAM)
    if stub == RESOLVED:
        return (upstream, Resolver(address=stub, kind="resolved", lines=(beyond,)))
    return (upstream, Resolver(address=stub, kind=kind, lines=(f"--server={beyond}",)))


def elsewhere(variant: str, title: str, *, outside: Outside = ELSEWHERE, says: str = "", **how: Any) -> World:
    """Return a world whose resolver leaves elsewhere than its client."""
    code = "dns.egress-mismatch"
    defaults: dict[str, object] = {
        "resolvers": (RECURSIVE,),
        "sure": {code: "likely"},
        "truth": (ANSWERS, leaves(), whoami(OTHER)),
        "told": {code: says or NOTHING_MEASURABLE},
    }
    return World(name=f"{code}/{variant}", title=title, expect=(code,), outside=outside, **{**defaults, **how})


def at_home(variant: str, title: str, *, outside: Outside, **how: Any) -> World:
    """Return a world in which nothing is wrong; unless something is told, both ends are in one place, and imdoctor knows it."""
    same = () if how.get("told") else ("dns.egress-mismatch", "dns.egress-unknown")
    defaults: dict[str, object] = {"resolvers": (RECURSIVE,), "absent": same, "truth": (ANSWERS, leaves(), whoami(OWN))}
    return World(name=f"healthy/{variant}", title=title, outside=outside, **{**defaults, **how})


HOME = Outside(exits={CLIENT: (OWN,), RESOLVER: ("119.147.20.2",), PROXY: (OWN,)}, places=PLACES, files=("mmdb",))
AT_HOME = whoami("119.147.20.2")


def with_(outside: Outside, **changes: object) -> Outside:
    """Return third parties that differ in something."""
    return msgspec.structs.replace(outside, **changes)


INTERCEPT = f"iptables -t nat -I PREROUTING -s {CLIENT} -p udp --dport 53 -j DNAT --to-destination {RESOLVER}"
ECS = (f"send-client-subnet: {AUTHORITY}", "client-subnet-always-forward: yes", "max-client-subnet-ipv4: 24")


def intercepted(variant: str, title: str, *, files: tuple[str, ...]) -> World:
    """Return a world in which DNS shows the resolver's address for the client's."""
    return elsewhere(
        f"direct-questions-intercepted{variant}",
        title,
        says="what it costs is not known",
        outside=with_(ELSEWHERE, files=files),
        setup=(("router", INTERCEPT),),
        truth=(
            ANSWERS,
            whoami(OTHER),
            whoami(OTHER, server=AUTHORITY),
            curl(OWN.replace(".", r"\."), url=f"https://{IPIP}/json"),
        ),
    )


EGRESS = (
    at_home(
        "egress/same-isp-and-region",
        "The resolver leaves in the host's own ISP and region",
        outside=HOME,
        truth=(ANSWERS, leaves(), AT_HOME),
    ),
    at_home(
        "egress/same-address",
        "The resolver leaves by the host's own address",
        outside=with_(HOME, exits={CLIENT: (OWN,), RESOLVER: (OWN,)}),
    ),
    at_home(
        "egress/same-address-no-echo",
        "The same, and no echo is at hand that would prove it",
        outside=with_(HOME, exits={CLIENT: (OWN,), RESOLVER: (OWN,)}, echoes=False),
        told={"dns.egress-unknown": rf"DNS shows {OWN} for this host and for a resolver alike"},
    ),
    at_home(
        "egress/intercepted-no-echo",
        "A box on the way hands every DNS question to the resolver, which leaves elsewhere, and no echo is at hand to show it",
        outside=with_(ELSEWHERE, echoes=False),
        setup=(("router", INTERCEPT),),
        told={"dns.egress-unknown": rf"DNS shows {OTHER} for this host and for a resolver alike"},
        truth=(ANSWERS, whoami(OTHER), whoami(OTHER, server=AUTHORITY)),
    ),
    at_home(
        "egress/xdb",
        "The same, told by ip2region's format",
        outside=with_(HOME, files=("xdb",)),
        truth=(ANSWERS, leaves(), AT_HOME),
    ),
    at_home(
        "egress/both-files",
        "The same, told by files of both formats",
        outside=with_(HOME, files=("mmdb", "xdb")),
        truth=(ANSWERS, leaves(), AT_HOME),
    ),
    at_home(
        "egress/no-file",
        "The same, told by echoes in GBK and JSON",
        outside=with_(HOME, files=()),
        truth=(ANSWERS, leaves(), AT_HOME),
    ),
    at_home(
        "egress/ipv6",
        "IPv6 only, the resolver's network next to the host's",
        outside=with_(HOME, exits={}),
        families="6",
        servers={GATEWAY6: Server()},
        resolvers=(Resolver(address=SIX_RESOLVER, lines=UPSTREAM6),),
        truth=(ANSWERS, whoami(SIX_RESOLVER, server=SIX_RESOLVER), whoami(CLIENT6, server=AUTHORITY6)),
    ),
    at_home(
        "egress/public-resolver",
        "A public resolver leaves elsewhere, and gives the same addresses",
        told={"dns.egress-mismatch": "different; no measurable cost"},
        outside=with_(ELSEWHERE, exits={CLIENT: (OWN,)}),
        resolvers=(through(PUBLIC_EXIT),),
        truth=(ANSWERS, leaves(), whoami(PUBLIC_EXIT, server=PUBLIC_EXIT)),
    ),
    at_home(
        "egress/client-subnet",
        "The resolver leaves elsewhere, and sends the client's subnet along",
        told={"dns.egress-mismatch": "different; no measurable cost"},
        outside=with_(ELSEWHERE, mirrors=MIRRORS, exits={CLIENT: (OWN,)}),
        servers=TWO,
        resolvers=(
            Resolver(
                address=CLOUD,
                lines=(f"outgoing-interface: {OTHER}", 'module-config: "subnetcache iterator"', *ECS, *UPSTREAM),
            ),
        ),
        truth=(
            ANSWERS,
            leaves(),
            whoami(f"{OWN.rpartition('.')[0]}.0/24", server=CLOUD),
            dig(SECOND.replace(".", r"\."), server=CLOUD),
        ),
    ),
    at_home(
        "egress/dead-mirror",
        "A public resolver gives the host an address where nothing answers",
        outside=with_(HOME, mirrors=DEAD_MIRROR),
        truth=(
            ANSWERS,
            leaves(),
            AT_HOME,
            dig(r"43\.141\.10\.77", server=PUBLIC),
            reachable("43.141.10.77", says=SILENT),
        ),
    ),
    at_home(
        "egress/nothing-tells",
        "Nothing tells where the addresses are",
        told={"dns.egress-unknown": "nothing tells the ISP of the resolver's egress and this host's"},
        outside=with_(ELSEWHERE, files=(), echoes=False, places={}),
        truth=(ANSWERS, leaves(), whoami(OTHER)),
    ),
    at_home(
        "egress/third-parties-silent",
        "Third parties say nothing",
        told={"dns.egress-unknown": "no source shows by which address 10.53.0.1 leaves"},
        outside=with_(ELSEWHERE, silent=True, echoes=False),
        truth=(ANSWERS, dig("timed out|SERVFAIL|no servers", name=PAIRS, kind="TXT")),
    ),
    at_home(
        "egress/no-internet",
        "Nothing but the service and the resolver can be reached",
        told={"dns.egress-unknown": "no source shows by which address this host leaves"},
        outside=ELSEWHERE,
        setup=(("router", NOTHING_ELSE),),
        truth=(
            ANSWERS,
            dig("timed out|no servers", server=AUTHORITY, name=PAIRS, kind="TXT"),
            whoami(OTHER),
            dropped(what="DROP"),
        ),
    ),
    at_home(
        "egress/lies-private",
        "Third parties show private addresses",
        told={"dns.egress-unknown": "10.66.6.6, which is no public address"},
        outside=with_(ELSEWHERE, lie="private"),
        truth=(ANSWERS, whoami("10.66.6.6")),
    ),
    at_home(
        "egress/barred",
        "Third parties are not to be asked",
        told={"dns.egress-unknown": "third parties are not to be asked"},
        outside=ELSEWHERE,
        arguments=("--no-third-party",),
        truth=(ANSWERS, leaves(), whoami(OTHER)),
    ),
    at_home(
        "egress/proxy",
        "The call goes through a proxy that leaves by another address",
        told={"proxy": rf"this host -> the proxy -> {OTHER}: .*移动"},
        outside=with_(ELSEWHERE, files=()),
        proxy=Proxy(),
        environ=PROXIED,
        truth=(
            curl("200 Connection established(?s:.*)60002"),
            curl(OTHER.replace(".", r"\."), url=f"https://{IPIP}/json"),
        ),
    ),
    elsewhere(
        "one-source-lies",
        "The first source shows rubbish, the next one the truth",
        outside=with_(ELSEWHERE, lie="rubbish"),
        truth=(
            ANSWERS,
            dig("not an address", name=PAIRS, kind="TXT"),
            whoami(OTHER, name="whoami.akamai.net", kind="A"),
        ),
    ),
    elsewhere(
        "echoes-never-end",
        "Echoes never end, DNS and routing data show the truth",
        outside=with_(ELSEWHERE, lie="endless", files=()),
        truth=(ANSWERS, leaves(), curl("timed out|xxxxxx", url=f"https://{IPIP}/json", arguments="-m 1")),
    ),
    elsewhere(
        "echoes-lead-nowhere",
        "Echoes redirect to what is no address, DNS and routing data show the truth",
        outside=with_(ELSEWHERE, lie="nowhere", files=()),
        truth=(
            ANSWERS,
            leaves(),
            curl(r"Location: https://\[", url=f"https://{NSTOOL}/info.js"),
            curl(r"Location: /json\?x=a ", url=f"https://{IPIP}/json"),
        ),
    ),
    elsewhere("other-isp", "The resolver leaves by another ISP"),
    elsewhere("other-isp-xdb", "The same, told by ip2region's format", outside=with_(ELSEWHERE, files=("xdb",))),
    elsewhere(
        "other-country-xdb",
        "The resolver leaves in another country, by an ISP that is in no table",
        outside=with_(ELSEWHERE, files=("xdb",), exits={CLIENT: (OWN,), RESOLVER: (ABROAD,)}),
        truth=(ANSWERS, leaves(), whoami(ABROAD)),
        says="different; no measurable cost",
    ),
    elsewhere("other-isp-echoes", "The same, told by echoes in GBK and JSON", outside=with_(ELSEWHERE, files=())),
    elsewhere(
        "other-isp-routing", "The same, told by routing data alone", outside=with_(ELSEWHERE, files=(), echoes=False)
    ),
    elsewhere(
        "other-region",
        "The resolver leaves by the same ISP in another region",
        outside=with_(ELSEWHERE, exits={CLIENT: (OWN,), RESOLVER: (AWAY,)}),
        truth=(ANSWERS, leaves(), whoami(AWAY)),
        says="same ISP only",
    ),
    elsewhere(
        "dead-mirror",
        "The host's own prefix is given an address where nothing answers",
        outside=with_(ELSEWHERE, mirrors=DEAD_MIRROR),
        says="what it costs is not known",
        truth=(ANSWERS, leaves(), whoami(OTHER), dig(r"43\.141\.10\.77", server=PUBLIC)),
    ),
    elsewhere(
        "two-exits",
        "The resolver leaves by two addresses, one of them another ISP's",
        outside=with_(ELSEWHERE, exits={CLIENT: (OWN,), RESOLVER: ("119.147.20.2", OTHER)}),
        truth=(
            ANSWERS,
            leaves(),
            Truth(
                script=f"for i in 1 2 3 4 5 6; do dig +short @{RESOLVER} TXT {PAIRS}; done",
                says=r"(?s)119\.147\.20\.2.*120\.196\.0\.2|120\.196\.0\.2.*119\.147\.20\.2",
            ),
        ),
    ),
    elsewhere(
        "cloud-internal",
        "A private resolver whose address looks public leaves by another ISP",
        resolvers=(through(CLOUD),),
        truth=(ANSWERS, leaves(), whoami(OTHER, server=CLOUD)),
    ),
    elsewhere(
        "second-of-two",
        "The second resolver of two leaves by another ISP",
        resolvers=(through(SECOND_RESOLVER, SECOND_RESOLVER), RECURSIVE),
        outside=with_(ELSEWHERE, exits={CLIENT: (OWN,), RESOLVER: (OTHER,), SECOND_RESOLVER: (OWN,)}),
        truth=(ANSWERS, leaves(), whoami(OWN, server=SECOND_RESOLVER), whoami(OTHER)),
        never={"dns.egress-mismatch": rf"^{SECOND_RESOLVER} leaves"},
    ),
    elsewhere(
        "behind-dnsmasq",
        "The same behind dnsmasq",
        resolvers=behind(DNSMASQ, RESOLVER),
        nameservers=(DNSMASQ,),
        truth=(ANSWERS, leaves(), whoami(OTHER, server=DNSMASQ)),
    ),
    elsewhere(
        "behind-debians-dnsmasq",
        "The same behind dnsmasq as Debian starts it, by single letters",
        resolvers=behind(DNSMASQ, RESOLVER, "debian"),
        nameservers=(DNSMASQ,),
        truth=(ANSWERS, leaves(), whoami(OTHER, server=DNSMASQ)),
        told={
            "dns.egress-mismatch": NOTHING_MEASURABLE,
            "dns": r"  -> 10\.53\.0\.1 \(private\), by .*/dnsmasq\.d/corp\.conf",
        },
    ),
    elsewhere(
        "behind-systemd-resolved",
        "The same behind systemd-resolved",
        resolvers=behind(RESOLVED, RESOLVER),
        nameservers=(RESOLVED,),
        truth=(ANSWERS, leaves(), whoami(OTHER, server=RESOLVED)),
    ),
    elsewhere(
        "two-exits-behind-dnsmasq",
        "Two exits behind dnsmasq",
        resolvers=behind(DNSMASQ, RESOLVER),
        nameservers=(DNSMASQ,),
        outside=with_(ELSEWHERE, exits={CLIENT: (OWN,), RESOLVER: ("119.147.20.2", OTHER)}),
        truth=(
            ANSWERS,
            leaves(),
            Truth(script=f"for i in 1 2 3 4 5 6; do dig +short @{DNSMASQ} TXT {PAIRS}; done", says=r"120\.196\.0\.2"),
        ),
    ),
    elsewhere(
        "cloud-internal-behind-dnsmasq",
        "A resolver whose address looks public, behind dnsmasq",
        resolvers=behind(DNSMASQ, CLOUD),
        nameservers=(DNSMASQ,),
        truth=(ANSWERS, leaves(), whoami(OTHER, server=DNSMASQ)),
    ),
    elsewhere(
        "own-zone",
        "A whoami zone of the company's own, under random names",
        checks={"dns": {"whoami": ["TXT *.whoami.corp.example", "TXT *.whoami.corp.example@ns.corp.example"]}},
        truth=(
            ANSWERS,
            whoami(OTHER, name="x1.whoami.corp.example"),
            whoami(OWN, server=AUTHORITY, name="x2.whoami.corp.example"),
        ),
    ),
    intercepted("", "A box on the way hands every DNS question to the resolver", files=()),
    intercepted("-mmdb", "The same, with a file at hand that tells where addresses are", files=("mmdb",)),
    intercepted("-xdb", "The same with ip2region's format", files=("xdb",)),
)
