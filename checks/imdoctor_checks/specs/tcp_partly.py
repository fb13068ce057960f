"""What the codes of the `tcp` check mean: connections that come about, but not all of them, or slowly."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.sentences import ASK_FIREWALL, HOPS, TIMES

PARTLY: Mapping[str, Spec] = {
    "tcp.partial": Spec(
        "warn",
        title="Some of the addresses cannot be reached",
        message="{failed} of {total} addresses fail: {errors}",
        why="Calls that are given one of them fail or wait, the others do not: failures at random.",
        causes=(
            "A firewall allows a list of addresses, and the service has changed its own since.",
            "One of the service's addresses is out of order.",
            "A route or a tunnel carries a part of the addresses only.",
        ),
        confirm=(
            (
                "Try each: `for a in $(getent ahostsv4 {host} | awk '{{print $1}}' | sort -u); do nc -vz -w 3 $a "
                "{port}; done`."
            ),
            "Compare their routes: `ip route get ADDRESS`.",
        ),
        remedy=(
            "Try each by hand: `nc -vz -w 5 ADDRESS {port}`.",
            "See whether a firewall allows some of the addresses only. " + ASK_FIREWALL,
        ),
        explains=("probe.slow",),
        confidence="certain",
    ),
    "tcp.ipv6-broken": Spec(
        "warn",
        title="IPv6 does not work, IPv4 does",
        message="no IPv6 address can be reached ({errors}), every IPv4 address can",
        why="An application that tries IPv6 first waits for it on every new connection.",
        causes=(
            "A router announces IPv6, and its own way out does not work.",
            "The firewall's rules were written for IPv4 only.",
            "A tunnel that carries IPv6 is down.",
        ),
        confirm=(
            "Try both: `nc -6vz -w 5 {host} {port}; nc -4vz -w 5 {host} {port}`.",
            "See the route: `ip -6 route show default`.",
            "See how long a client waits for it: `time curl -so /dev/null -m 10 https://{endpoint}/`.",
        ),
        remedy=(
            "Try by hand: `nc -6vz -w 5 {host} {port}`.",
            "Mend IPv6 routing, or prefer IPv4 in /etc/gai.conf (`precedence ::ffff:0:0/96 100`).",
        ),
        explains=("probe.slow", "tcp.partial"),
        confidence="certain",
    ),
    "tcp.ipv4-broken": Spec(
        "warn",
        title="IPv4 does not work, IPv6 does",
        message="no IPv4 address can be reached ({errors}), every IPv6 address can",
        why="An application that speaks IPv4 only cannot call at all; others wait for it.",
        causes=(
            "The gateway for IPv4 (NAT, NAT64) is down, or has no ports left.",
            "This machine has IPv6 only, and the network translates nothing.",
            "The firewall's rules for IPv4 differ from those for IPv6.",
        ),
        confirm=(
            "Try both: `nc -4vz -w 5 {host} {port}; nc -6vz -w 5 {host} {port}`.",
            "See the route: `ip -4 route show default`.",
        ),
        remedy=("Try by hand: `nc -4vz -w 5 {host} {port}`.", "Mend IPv4 routing or NAT."),
        explains=("probe.slow", "tcp.partial"),
        confidence="certain",
    ),
    "tcp.slow": Spec(
        "warn",
        title="Connecting is slow",
        message="{address}: {seconds} s to connect",
        why="Distance, congestion or loss: every new connection pays for it.",
        causes=(
            "The first packet is lost, and sent again a second later.",
            "The line, or a firewall on the way, is overloaded.",
            "The call takes a long way round: a VPN, a proxy, or the address of a far site.",
        ),
        confirm=(
            "Measure the way there and back: `ping -c 10 {address}`.",
            TIMES,
            "See which way the packets go: `traceroute -n {address}`.",
        ),
        remedy=(
            "Measure by hand: `ping -c 10 {address}`.",
            "Keep connections open in the application, so that few calls need a new one.",
        ),
        explains=("tls.slow", "probe.slow"),
        confidence="certain",
    ),
    "tcp.lossy": Spec(
        "warn",
        title="Packets are lost on the way",
        message="{address}: the first packet was lost in {lossy} of {total} connects",
        why="A lost SYN costs a second, a lost segment of a call several round trips.",
        causes=(
            "A line on the way is overloaded.",
            "Something on the way limits new connections and drops those above.",
            "A link near this machine is bad: a cable, a radio link, a virtual switch.",
        ),
        confirm=(
            "See at which hop the loss begins and stays: `mtr -rn -T -P {port} -c 50 {address}`.",
            (
                "See whether this machine sends segments again, for all of its connections: `nstat -az "
                "TcpRetransSegs TcpExtTCPSynRetrans`."
            ),
        ),
        remedy=(
            "Measure by hand: `mtr -T -P {port} -c 50 {address}`.",
            "Show what you measured to those who run the network.",
        ),
        explains=("tcp.slow", "tcp.intermittent", "tls.slow", "probe.slow"),
    ),
    "tcp.intermittent": Spec(
        "warn",
        title="Connecting fails now and then",
        message="{address}: {failed} of {total} connects failed ({errors})",
        why="The same address accepts and fails in turn.",
        causes=(
            "Several machines stand behind the address, and one of them is out of order.",
            "Something on the way limits the connections of one caller.",
            "A gateway for NAT has no ports left at times.",
        ),
        confirm=(
            "Count: `for i in $(seq 20); do nc -vz -w 2 {address} {port}; done`.",
            HOPS,
        ),
        remedy=(
            "Count by hand: `for i in $(seq 20); do nc -vz -w 2 {address} {port}; done`.",
            "Tell those who run the network what you counted.",
            "Keep connections open in the application, so that few calls need a new one.",
        ),
        explains=("tls.intermittent", "probe.intermittent", "tls.slow", "probe.slow", "tcp.partial"),
        confidence="certain",
    ),
}
