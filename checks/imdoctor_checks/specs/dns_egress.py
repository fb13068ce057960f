"""What the codes of the `dns` check mean: which resolvers are asked, and where they leave the network."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.sentences import CONFIGURED

RESOLVER_EXIT = "Show by which address the resolver leaves: `dig +short @{server} TXT whoami.ds.akahelp.net`."
HOST_EXIT = "Show by which address this host leaves: `dig +short A whoami.akamai.net @ns1-1.akamaitech.net`."

EGRESS: Mapping[str, Spec] = {
    "dns.egress-mismatch": Spec(
        "warn",
        title="The resolver leaves the network elsewhere than this host",
        message="{server} leaves by {resolver_egress}, {resolver_place}; this host by {host_egress}, {host_place}: {verdict}; {cost}",
        why="The service's authority chooses addresses by where the question comes from. A resolver in another region or of another "
        "ISP is given addresses that are near itself, and calls from this host cross between networks.",
        causes=(
            "The resolver is a public one, or the company's own in another place.",
            "DNS and the rest leave by different lines: several providers, a VPN, or a proxy.",
            "A cloud host asks a resolver of another region, or of the office.",
        ),
        confirm=(
            RESOLVER_EXIT,
            HOST_EXIT,
            "Show region and ISP of both, as far as a name server can tell: `imdoctor run --check dns -v`.",
        ),
        remedy=(
            (
                "Look by hand: `dig @{server} TXT whoami.ds.akahelp.net` shows the resolver's address, `dig A whoami.akamai.net "
                "@ns1-1.akamaitech.net` this host's; `imdoctor run --check dns -v` draws the whole way."
            ),
            "Use a resolver that leaves in this host's own region and ISP: the cloud's internal one, or the ISP's.",
            "Or let the resolver send this host's subnet along (EDNS Client Subnet), or forward {host} to one that is near.",
        ),
    ),
    "dns.egress-unknown": Spec(
        "info",
        title="Where the resolver leaves the network is not known",
        message="whether {server} leaves in this host's own region and ISP is not known: {reason}",
        why="The list's step 4 compares the two ways out; what shows them, or tells where they are, is not at hand.",
        causes=(
            "No file that tells where addresses are is configured, and no echo could be asked.",
            "Third parties are not to be asked, or cannot be reached.",
            "The sources at hand do not know the address, or name its ISP in a way that cannot be compared.",
        ),
        confirm=(
            RESOLVER_EXIT,
            HOST_EXIT,
            "See what each source says: `imdoctor run --check dns -v`.",
        ),
        remedy=(
            "Name a file that tells where addresses are, under `checks: dns: geo:`; `imdoctor config init` says where to get one.",
            "Where third parties cannot be reached, name a whoami zone of your own: `checks: dns: whoami:`.",
        ),
        confidence="certain",
    ),
    "dns.private-resolver": Spec(
        "info",
        title="A private resolver is in use",
        message="{server} is a private resolver ({kind}: {owner})",
        why="The list's step 4 asks that a private resolver leaves the network in this host's own region and ISP.",
        causes=(
            "The network's DHCP, or the cloud, gives this resolver out.",
            "Somebody named it by hand, in /etc/resolv.conf or in the network's configuration.",
        ),
        confirm=(
            CONFIGURED,
            "Show by which address it leaves the network: `dig +short @{server} TXT whoami.ds.akahelp.net`.",
        ),
        remedy=("Ask those who run it where it leaves the network.",),
        confidence="certain",
    ),
    "dns.public-resolver": Spec(
        "info",
        title="A public resolver is in use",
        message="{server} is a public resolver ({owner})",
        why="The list's step 4 tells private from public resolvers.",
        causes=(
            "Somebody named it by hand, in /etc/resolv.conf or in the network's configuration.",
            "A container engine or a VPN client put it in, for want of another one.",
        ),
        confirm=(CONFIGURED,),
        remedy=("Nothing needs doing.",),
        confidence="certain",
    ),
    "dns.stub-opaque": Spec(
        "info",
        title="What is behind the local resolver is not known",
        message="{server} is a resolver on this machine; what it asks cannot be seen from here",
        why="The list's step 4 is about the resolver that leaves the network, which is the one behind it.",
        causes=(
            (
                "A cache on this machine (dnsmasq, unbound, nscd) forwards, and its configuration may not be "
                "read by this user."
            ),
            "The container's engine answers on a loopback address, and the list of its upstreams is kept outside.",
        ),
        confirm=(
            "Show, as root, which program it is: `sudo ss -Hlunp 'sport = :53'`.",
            "Where it is systemd-resolved, show what is behind it: `resolvectl dns`.",
            "Show by which address it leaves the network: `dig +short @{server} TXT whoami.ds.akahelp.net`.",
        ),
        remedy=(
            "Look into the configuration of the local resolver: `ss -lunp 'sport = 53'` shows, as root, which program it is.",
            "Run imdoctor where that configuration may be read: as another user, or on the container's host.",
        ),
        confidence="certain",
    ),
}
