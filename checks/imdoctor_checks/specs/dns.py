"""What the codes of the `dns` check mean."""

from collections.abc import Mapping

from imdoctor import Spec

ASK = "Ask it by hand: `dig @{server} {host} A +time=2 +tries=1`."
PATH = ("tcp.*", "tls.*", "probe.*", "clock.blocked")
"""What goes wrong at a wrong address."""
BACKUP = "Call the site's backup domain meanwhile: it is there for when a resolver answers wrongly."

FINDINGS: Mapping[str, Spec] = {
    "dns.no-resolver": Spec(
        "fail",
        title="No resolver is configured",
        message="no nameserver is configured, and none answers on this machine",
        why="Without a nameserver line the C library asks this machine itself, and nothing answers there.",
        remedy=("Write a line `nameserver ADDRESS` into /etc/resolv.conf for each nameserver of your network.",),
        explains=("dns.server-timeout", "dns.server-refused", "dns.no-address"),
        confidence="certain",
    ),
    "dns.server-timeout": Spec(
        "warn",
        title="A nameserver does not answer",
        message="nameserver {server} ({rank}) does not answer ({error})",
        why="Every question to it is lost. With others behind it, each look-up waits for it first; without, no name resolves.",
        remedy=(
            ASK,
            "If it is gone, take it out of /etc/resolv.conf (or of what writes that file) and name one that answers.",
            "If it should answer, see that UDP and TCP port 53 to it are let out: `nc -vz {server} 53`.",
            "If it answers over TCP alone (`dig @{server} {host} +tcp`), a firewall on the way drops UDP.",
        ),
        explains=("dns.slow", "dns.no-address", "dns.intermittent", "probe.slow"),
    ),
    "dns.server-refused": Spec(
        "warn",
        title="A nameserver refuses to answer",
        message="nameserver {server} ({rank}) refuses ({error})",
        why="It does not serve this host, or no resolver listens there at all.",
        remedy=(
            ASK,
            "REFUSED: let the resolver's access list admit this host, or use the resolver that is meant for it.",
            "Port refused: start the resolver on {server}, or take the address out of /etc/resolv.conf.",
        ),
        explains=("dns.slow", "dns.no-address", "dns.intermittent"),
    ),
    "dns.servfail": Spec(
        "warn",
        title="A nameserver fails to resolve the name",
        message="nameserver {server} ({rank}) answers {error} for {host}",
        why="The resolver is there, but cannot get an answer from the servers beyond it, or its validation fails.",
        remedy=(
            ASK,
            "Ask it for another name. If that fails as well, the resolver has no way out: look at its own log and upstreams.",
            "Name another resolver in /etc/resolv.conf meanwhile.",
        ),
        explains=("dns.slow", "dns.no-address", "dns.intermittent"),
    ),
    "dns.nxdomain": Spec(
        "fail",
        title="The name does not exist, say the resolvers",
        message="{host} does not exist, by the word of {servers}",
        why="The application gets no address, and never sends a packet to the service.",
        remedy=(
            "Compare the name with the documented domain of your site, letter by letter.",
            "Ask by hand: `dig {host} A`. If the name is right, the resolver filters it or has a stale zone of its own.",
        ),
        explains=("dns.intermittent",),
    ),
    "dns.no-address": Spec(
        "fail",
        title="No address is obtained for the name",
        message="no address for {host}: {reason}",
        why="The application gets no address, and never sends a packet to the service.",
        remedy=(
            "Ask as the application does: `getent ahosts {host}`; then each nameserver itself: `dig {host} A`.",
            "If dig answers and getent does not, look at the hosts line of /etc/nsswitch.conf.",
            "If neither does, ask those who run the resolver why it has no address for this name.",
        ),
    ),
    "dns.slow": Spec(
        "warn",
        title="Name resolution is slow",
        message="{who} takes {seconds} s for {host}, more than {limit} s",
        why="Every new connection waits for the look-up, unless the application keeps connections or caches addresses.",
        remedy=(
            "Use a resolver that is near, or run a cache on this machine (systemd-resolved, dnsmasq, unbound).",
            "Keep connections open in the application, so that few calls need a look-up.",
        ),
        explains=("probe.slow",),
    ),
    "dns.tcp-blocked": Spec(
        "warn",
        title="DNS over TCP does not work",
        message="{server} truncates its answer, and TCP port 53 to it does not work ({error})",
        why="A truncated answer must be asked for again over TCP. With that blocked, large answers are lost.",
        remedy=(
            "Try by hand: `dig @{server} {host} A +tcp`.",
            "Let TCP port 53 to the resolver through the firewall, as UDP is.",
        ),
        explains=("dns.no-address", "dns.slow"),
    ),
    "dns.hosts-override": Spec(
        "warn",
        title="The hosts file pins the name",
        message="/etc/hosts pins {host} to {addresses}",
        why="The service's addresses change without notice. A pinned one works until it does not, and no resolver is asked.",
        remedy=(
            "Show the line: `grep -n {host} /etc/hosts`, and remove it.",
            "Then see what the resolver says: `getent ahosts {host}`.",
        ),
        explains=PATH,
    ),
    "dns.bogon-answer": Spec(
        "fail",
        title="The resolver gives an address that no public service has",
        message="{bogon} is given for {host}: a private, local or reserved address",
        why="A filter, a sinkhole or a stale internal zone answers in place of the real one.",
        remedy=(
            "Ask by hand: `dig {host} A`, and another resolver: `dig @223.5.5.5 {host} A`.",
            "Take the name off the filter's list, or the zone off the internal resolver.",
            BACKUP,
        ),
        explains=(*PATH, "dns.servers-disagree"),
    ),
    "dns.hijacked": Spec(
        "fail",
        title="The resolver's answer leads somewhere else",
        message="{addresses}, by the word of {wrong}, is not the IM gateway; what {right} answers is",
        why="What answers at the address has no valid certificate for {host} or does not speak its protocol, while another "
        "resolver's address does both.",
        remedy=(
            (
                "Compare by hand: `dig {host} A @RESOLVER` for each resolver, then `openssl s_client -connect ADDRESS:{port} "
                "-servername {host}`."
            ),
            "Use the resolver whose answer is right, and tell those who run the other one.",
            "If the search list leads astray, lower `ndots` in /etc/resolv.conf, or take the domain out of `search`.",
            BACKUP,
        ),
        explains=PATH,
    ),
    "dns.servers-disagree": Spec(
        "warn",
        title="The resolvers disagree, and one of them is wrong",
        message="{wrong} gives {addresses}, which is not the IM gateway; {right} gives an address that is",
        why="Whenever the wrong one is asked, calls go astray.",
        remedy=(
            "Compare by hand: `dig {host} A @RESOLVER` for each resolver.",
            "Take the wrong resolver out of /etc/resolv.conf, and tell those who run it.",
        ),
    ),
    "dns.intermittent": Spec(
        "warn",
        title="A nameserver answers now and then only",
        message="{failed} of {total} look-ups failed ({errors})",
        why="Look-ups that meet a failure wait for the next try: calls are slow or fail at random.",
        remedy=(
            "Count by hand, for each nameserver: `for i in 1 2 3 4 5 6; do dig @NAMESERVER {host} A +time=1 +tries=1 | grep status; done`.",
            "Look at the resolver's load and at the loss on the way to it, and name a second one.",
        ),
        explains=("dns.slow", "probe.slow"),
    ),
    "dns.egress-mismatch": Spec(
        "warn",
        title="The resolver leaves the network elsewhere than this host",
        message="{server} leaves by {resolver_egress}, {resolver_place}; this host by {host_egress}, {host_place}: {verdict}; {cost}",
        why="The service's authority chooses addresses by where the question comes from. A resolver in another region or of another "
        "ISP is given addresses that are near itself, and calls from this host cross between networks.",
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
        remedy=("Ask those who run it where it leaves the network.",),
        confidence="certain",
    ),
    "dns.public-resolver": Spec(
        "info",
        title="A public resolver is in use",
        message="{server} is a public resolver ({owner})",
        why="The list's step 4 tells private from public resolvers.",
        remedy=("Nothing needs doing.",),
        confidence="certain",
    ),
    "dns.stub-opaque": Spec(
        "info",
        title="What is behind the local resolver is not known",
        message="{server} is a resolver on this machine; what it asks cannot be seen from here",
        why="The list's step 4 is about the resolver that leaves the network, which is the one behind it.",
        remedy=(
            "Look into the configuration of the local resolver: `ss -lunp 'sport = 53'` shows, as root, which program it is.",
        ),
        confidence="certain",
    ),
}
