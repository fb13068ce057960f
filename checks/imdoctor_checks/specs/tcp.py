"""What the codes of the `tcp` check mean."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.sentences import ASK_FIREWALL, PUBLIC
from imdoctor_checks.specs.tcp_partly import PARTLY

TRY = "Try by hand: `nc -vz -w 5 {address} {port}`."
ABOVE = ("tls.*", "probe.*", "clock.blocked")
RESETS = (
    "Watch for the reset while you try: `sudo tcpdump -nvi any -c 1 'host {address} and tcp[tcpflags] & tcp-rst "
    "!= 0'`. A TTL unlike that of the other packets speaks for a box on the way."
)
ICMP = (
    "Watch for the ICMP message and its sender while you try: `sudo tcpdump -nvi any -c 1 "
    "'icmp[icmptype] == 3 or icmp6[icmp6type] == 1'`."
)

FINDINGS: Mapping[str, Spec] = {
    "tcp.refused": Spec(
        "fail",
        title="The connection is refused",
        message="{address} refuses port {port}",
        why="Something answers the first packet with a reset: either nothing listens there, or a firewall answers in its place.",
        causes=(
            "A firewall or security appliance on the way sends the reset in the service's place.",
            "The address is wrong: pinned, stale or a resolver's lie, and nobody listens there.",
            "The endpoint's port is wrong: the API is called on 443.",
        ),
        confirm=(
            TRY,
            PUBLIC,
            RESETS,
        ),
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
        causes=(
            "A firewall or a security group drops outgoing connections to this port.",
            "The address is wrong or gone: pinned, stale or a resolver's lie.",
            "A gateway for NAT or a VPN on the way is down, or its route leads nowhere.",
            "This machine's own firewall drops the packets.",
        ),
        confirm=(
            TRY,
            (
                "See how far the path goes; what drops the packets stands behind the last that answers: `sudo "
                "traceroute -n -T -p {port} {address}`."
            ),
            "See whether a rule of this machine counts them: `sudo iptables -nvL OUTPUT; sudo nft list ruleset`.",
        ),
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
        causes=(
            "The default route is missing, or its gateway is down.",
            "A router on the way, often of a VPN or a NAT gateway, has no route of its own.",
            "The address is one of IPv6, and the network gives no way out for it.",
        ),
        confirm=(
            "Ask the kernel: `ip route get {address}`.",
            "See who gives up: `traceroute -n {address}`.",
            ICMP,
        ),
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
        causes=(
            "A rule of this machine's own firewall rejects the connection.",
            "A firewall on the way rejects it, and says so.",
            "A security agent or a container's network policy does not let this program out.",
        ),
        confirm=(
            TRY,
            "See which rule of this machine counts it: `sudo iptables -nvL OUTPUT; sudo nft list ruleset`.",
            ICMP,
        ),
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
        causes=(
            "A middlebox accepts in the service's place, and then disallows the address.",
            "A load balancer has no server behind it.",
            "Something limits the connections of one caller, and sheds the rest.",
        ),
        confirm=(
            "See the connection stand and fall: `curl -sv -m 5 https://{endpoint}/`.",
            RESETS,
        ),
        remedy=(TRY, "If other networks do not see this, a middlebox here does it. " + ASK_FIREWALL),
        explains=ABOVE,
    ),
    "tcp.local-exhausted": Spec(
        "fail",
        title="This machine has no ports or files left",
        message="no connection can be opened here ({error})",
        why="Every connection needs a local port and a file descriptor. One of them is used up, most often by connections that are opened "
        "for each call and linger in TIME-WAIT.",
        causes=(
            "Each call opens a connection of its own, and after its end each lingers in TIME-WAIT for a minute.",
            "The application leaks descriptors: connections or files that are never closed.",
            "The limit of open files, or the range of local ports, is narrow.",
        ),
        confirm=(
            "Count the connections by state: `ss -s`.",
            (
                "Count those that linger, and show the range of ports that they share: `ss -Htan state time-wait "
                "| wc -l; cat /proc/sys/net/ipv4/ip_local_port_range`."
            ),
            (
                "Compare a process's open files with its limit: `sudo ls /proc/PID/fd | wc -l; grep 'open files' "
                "/proc/PID/limits`."
            ),
        ),
        remedy=(
            "Count them: `ss -s; ss -tan state time-wait | wc -l; ulimit -n`.",
            "Use persistent connections and a pool in the application.",
            "Widen `net.ipv4.ip_local_port_range`, or raise the limit of open files.",
        ),
        explains=ABOVE,
        confidence="certain",
        step=5,
    ),
    **PARTLY,
}
