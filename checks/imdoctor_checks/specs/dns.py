"""What the codes of the `dns` check mean."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.dns_answers import ANSWERS
from imdoctor_checks.specs.dns_egress import EGRESS
from imdoctor_checks.specs.sentences import CONFIGURED, PUBLIC

ASK = "Ask it by hand: `dig @{server} {host} A +time=2 +tries=1`."
OTHER_NAME = "Ask for another name: `dig @{server} . NS +time=2 +tries=1`."

FINDINGS: Mapping[str, Spec] = {
    "dns.no-resolver": Spec(
        "fail",
        title="No resolver is configured",
        message="no nameserver is configured, and none answers on this machine",
        why="Without a nameserver line the C library asks this machine itself, and nothing answers there.",
        causes=(
            (
                "What writes /etc/resolv.conf had no nameserver to write: DHCP gave none, or the network manager "
                "has stopped."
            ),
            "A container image or a chroot brings an empty file.",
            (
                "A resolver on this machine (dnsmasq, unbound, systemd-resolved) is what should answer, and it "
                "does not run."
            ),
        ),
        confirm=(
            CONFIGURED,
            "See whether a resolver listens on this machine: `ss -Hlun 'sport = :53'`.",
            "Ask as the C library does: `dig @127.0.0.1 {host} A +time=2 +tries=1`.",
        ),
        remedy=("Write a line `nameserver ADDRESS` into /etc/resolv.conf for each nameserver of your network.",),
        explains=("dns.server-timeout", "dns.server-refused", "dns.no-address"),
        confidence="certain",
    ),
    "dns.server-timeout": Spec(
        "warn",
        title="A nameserver does not answer",
        message="nameserver {server} ({rank}) does not answer ({error})",
        why="Every question to it is lost. With others behind it, each look-up waits for it first; without, no name resolves.",
        causes=(
            "The resolver is down, or has moved to another address.",
            "A firewall or a security group drops UDP port 53.",
            "The address belongs to another network: a VPN that has ended, or an old lease.",
            "The resolver is overloaded, or limits this machine's questions.",
        ),
        confirm=(
            ASK,
            "Ask over TCP, which shows whether UDP alone is filtered: `dig @{server} {host} A +tcp +time=2 +tries=1`.",
            "See whether there is a way to it: `ip route get {server}`.",
        ),
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
        causes=(
            "The resolver's access list does not admit this machine.",
            "The server only serves zones of its own, and is no resolver.",
            "The resolver's program does not run, so that the port itself refuses.",
        ),
        confirm=(
            ASK,
            (
                "Ask for another name, which shows whether it serves this machine at all: `dig @{server} . NS "
                "+time=2 +tries=1`."
            ),
        ),
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
        causes=(
            "The resolver cannot reach the servers that it asks in turn.",
            "Its validation (DNSSEC) fails: often by a wrong clock of the resolver's.",
            "The servers of the name's own zone fail.",
        ),
        confirm=(
            ASK,
            (
                "Ask without validation; if that answers, it is the validation that fails: `dig @{server} {host} "
                "A +cd +time=2 +tries=1`."
            ),
            OTHER_NAME,
        ),
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
        causes=(
            "The endpoint's name is misspelt.",
            "A filter on the resolver denies the name.",
            "The resolver has a zone of its own for the parent domain, and the name is not in it.",
        ),
        confirm=(
            "Ask by hand, and look at status and at the zone in the authority section: `dig {host} A`.",
            PUBLIC,
        ),
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
        causes=(
            "The hosts line of /etc/nsswitch.conf does not ask DNS, or stops before it.",
            "The resolver gives an alias (CNAME) whose target has no address.",
            "The resolver removes addresses from the answer: a filter, or a rule against addresses of one family.",
        ),
        confirm=(
            "Ask as the application does: `getent ahosts {host}`.",
            "Ask the resolver itself: `dig {host} A; dig {host} AAAA`.",
            "Show the order of sources: `grep ^hosts: /etc/nsswitch.conf`.",
        ),
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
        causes=(
            "The first nameserver does not answer, so every look-up waits for it before the second is asked.",
            "The resolver is far away, overloaded, or has no cache.",
            "The search list makes the C library try other names first.",
        ),
        confirm=(
            "Time each nameserver of /etc/resolv.conf: `dig @NAMESERVER {host} A | grep 'Query time'`.",
            "Time what the application sees: `time getent ahosts {host}`.",
            "See what is tried first: `grep -e ^search -e ^options /etc/resolv.conf`.",
        ),
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
        causes=(
            "A firewall lets UDP port 53 through, and TCP port 53 not.",
            "The resolver, often a small forwarder, does not listen on TCP.",
        ),
        confirm=(
            "Ask over TCP: `dig @{server} {host} A +tcp +time=2 +tries=1`.",
            "Try the port: `nc -vz -w 3 {server} 53`.",
        ),
        remedy=(
            "Try by hand: `dig @{server} {host} A +tcp`.",
            "Let TCP port 53 to the resolver through the firewall, as UDP is.",
        ),
        explains=("dns.no-address", "dns.slow"),
    ),
    **ANSWERS,
    "dns.intermittent": Spec(
        "warn",
        title="A nameserver answers now and then only",
        message="{failed} of {total} look-ups failed ({errors})",
        why="Look-ups that meet a failure wait for the next try: calls are slow or fail at random.",
        causes=(
            "Packets are lost on the way to the nameserver.",
            "The nameserver is overloaded, or limits this machine's questions.",
            "Several machines stand behind its address, and one of them is out of order.",
        ),
        confirm=(
            (
                "Count, for each nameserver of /etc/resolv.conf: `for i in $(seq 20); do dig @NAMESERVER {host} "
                "A +time=1 +tries=1 | grep -e status: -e 'timed out'; done`."
            ),
            "Measure the loss on the way: `ping -c 20 -i 0.2 NAMESERVER`.",
        ),
        remedy=(
            "Count by hand, for each nameserver: `for i in 1 2 3 4 5 6; do dig @NAMESERVER {host} A +time=1 +tries=1 | grep status; done`.",
            "Look at the resolver's load and at the loss on the way to it, and name a second one.",
        ),
        explains=("dns.slow", "probe.slow"),
    ),
    **EGRESS,
}
