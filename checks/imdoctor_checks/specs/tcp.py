"""What the codes of the `tcp` check mean."""

from collections.abc import Mapping

from imdoctor import Spec

TRY = "Try by hand: `nc -vz -w 5 {address} {port}`."
ASK_FIREWALL = (
    "Ask those who run the firewall to let TCP {port} to {host} out, by name: the service's addresses change, "
    "and no list of them is given."
)
ABOVE = ("tls.*", "probe.*", "clock.blocked")

FINDINGS: Mapping[str, Spec] = {
    "tcp.refused": Spec(
        "fail",
        title="The connection is refused",
        message="{address} refuses port {port}",
        why="Something answers the first packet with a reset: either nothing listens there, or a firewall answers in its place.",
        remedy=(
            TRY,
            "Compare the address with what another network resolves: `dig @223.5.5.5 {host} A`. A wrong address has nobody listening.",
            "If the address is right, a firewall on the way sends the reset. " + ASK_FIREWALL,
        ),
        explains=ABOVE,
    ),
    "tcp.timeout": Spec(
        "fail",
        title="The connection meets silence",
        message="{address} port {port}: no answer to {attempts} SYNs in {waited} s",
        why="The packets are dropped without a word: by a firewall or security group on the way, or a route that leads nowhere.",
        remedy=(
            TRY,
            "See whether this machine itself drops them: `sudo iptables -S OUTPUT; sudo nft list ruleset`.",
            "In a cloud, look at the security group's outgoing rules for TCP {port}. " + ASK_FIREWALL,
            "See how far the path goes: `traceroute -T -p {port} {address}`.",
        ),
        explains=ABOVE,
    ),
    "tcp.unreachable": Spec(
        "fail",
        title="The address is unreachable",
        message="{address} is unreachable ({error}{said_by})",
        why="This machine or a router on the way has no route to the address.",
        remedy=(
            "Ask the kernel for its route: `ip route get {address}`.",
            "Mend the default route or the gateway's own way out; `traceroute {address}` shows who gives up.",
        ),
        explains=ABOVE,
    ),
    "tcp.prohibited": Spec(
        "fail",
        title="A firewall forbids the connection",
        message="{address} port {port} is forbidden ({error}{said_by})",
        why="The packet was refused by rule: by this machine's own firewall, or by one on the way that says so.",
        remedy=(
            "Look at this machine's own rules: `sudo iptables -S OUTPUT; sudo nft list ruleset`.",
            ASK_FIREWALL,
        ),
        explains=ABOVE,
    ),
    "tcp.reset": Spec(
        "fail",
        title="The connection is reset as soon as it stands",
        message="{address} port {port} accepts, and resets before a byte was sent",
        why="A load balancer without anything behind it does this, or a middlebox that disallows the address.",
        remedy=(TRY, "If other networks do not see this, a middlebox here does it. " + ASK_FIREWALL),
        explains=ABOVE,
    ),
    "tcp.local-exhausted": Spec(
        "fail",
        title="This machine has no ports or files left",
        message="no connection can be opened here ({error})",
        why="Every connection needs a local port and a file descriptor. One of them is used up, most often by connections that are opened "
        "for each call and linger in TIME-WAIT.",
        remedy=(
            "Count them: `ss -s; ss -tan state time-wait | wc -l; ulimit -n`.",
            "Use persistent connections and a pool in the application.",
            "Widen `net.ipv4.ip_local_port_range`, or raise the limit of open files.",
        ),
        explains=ABOVE,
        confidence="certain",
    ),
    "tcp.partial": Spec(
        "warn",
        title="Some of the addresses cannot be reached",
        message="{failed} of {total} addresses fail: {errors}",
        why="Calls that are given one of them fail or wait, the others do not: failures at random.",
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
        remedy=("Try by hand: `nc -4vz -w 5 {host} {port}`.", "Mend IPv4 routing or NAT."),
        explains=("probe.slow", "tcp.partial"),
        confidence="certain",
    ),
    "tcp.slow": Spec(
        "warn",
        title="Connecting is slow",
        message="{address}: {seconds} s to connect",
        why="Distance, congestion or loss: every new connection pays for it.",
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
        remedy=(
            "Count by hand: `for i in $(seq 20); do nc -vz -w 2 {address} {port}; done`.",
            "One of several machines behind the address, or a rate limit on the way, is the usual reason.",
        ),
        explains=("tls.intermittent", "probe.intermittent", "tls.slow", "probe.slow", "tcp.partial"),
        confidence="certain",
    ),
}
