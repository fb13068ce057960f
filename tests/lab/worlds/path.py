"""Faults on the way: firewalls, routes, links, families, ports, segments."""

from imdoctor.lab.front import HOST
from tests.lab.model import GATEWAY, GATEWAY6, PUBLIC, SECOND, THIRD, Server, Truth, World
from tests.lab.truth import ANSWERS, REFUSED, SILENT, curl, dig, dropped, reachable
from tests.lab.wire import Manner
from tests.lab.worlds.healthy import NOTHING_ELSE

TO_GATEWAY = f"-p tcp -d {GATEWAY} --dport 443"
BOTH = {GATEWAY: Server(), GATEWAY6: Server()}
REJECTS = {
    "icmp-net-unreachable": "tcp.unreachable",
    "icmp-host-unreachable": "tcp.unreachable",
    "icmp-port-unreachable": "tcp.prohibited",
    "icmp-net-prohibited": "tcp.prohibited",
    "icmp-host-prohibited": "tcp.prohibited",
    "icmp-admin-prohibited": "tcp.prohibited",
    "tcp-reset": "tcp.refused",
}
SIX_REJECTS = {
    "icmp6-no-route": "tcp.unreachable",
    "icmp6-addr-unreachable": "tcp.unreachable",
    "icmp6-adm-prohibited": "tcp.prohibited",
    "icmp6-port-unreachable": "tcp.prohibited",
}
WORDS = {
    "icmp-net-unreachable": "Network is unreachable",
    "icmp-host-unreachable": "No route to host",
    "icmp-port-unreachable": REFUSED,
    "icmp-net-prohibited": "Network is unreachable",
    "icmp-host-prohibited": "No route to host",
    "icmp-admin-prohibited": "No route to host",
    "tcp-reset": REFUSED,
    "icmp6-no-route": "unreachable",
    "icmp6-addr-unreachable": "No route to host",
    "icmp6-adm-prohibited": "Permission denied",
    "icmp6-port-unreachable": REFUSED,
}
"""What the kernel makes of each for an application that connects."""


def rejecting(host: str, chain: str, how: str) -> World:
    """Return a world in which a firewall rejects the calls, by IPv4."""
    return World(
        name=f"{REJECTS[how]}/{how}-by-{'this-host' if host == 'client' else 'a-router'}",
        title=f"A firewall {'on this host' if host == 'client' else 'on the way'} rejects with {how}",
        expect=(REJECTS[how],),
        setup=((host, f"iptables -A {chain} {TO_GATEWAY} -j REJECT --reject-with {how}"),),
        truth=(reachable(says=WORDS[how]), dropped(host, chain=chain)),
    )


def rejecting_six(how: str) -> World:
    """Return a world in which a router rejects the calls, by IPv6."""
    return World(
        name=f"{SIX_REJECTS[how]}/{how}-by-a-router",
        title=f"A firewall on the way rejects with {how}",
        expect=(SIX_REJECTS[how],),
        families="46",
        servers={GATEWAY6: Server()},
        setup=(("router", f"ip6tables -A FORWARD -p tcp -d {GATEWAY6} --dport 443 -j REJECT --reject-with {how}"),),
        truth=(reachable(GATEWAY6, says=WORDS[how]), dropped(table="ip6tables")),
    )


def routed(name: str, title: str, expect: str, script: str, says: str) -> World:
    """Return a world in which the client's routes are wrong."""
    return World(name=name, title=title, expect=(expect,), setup=(("client", script),), truth=(reachable(says=says),))


HOLD = f"""
echo 40000 40031 >/proc/sys/net/ipv4/ip_local_port_range
(timeout 40 python3 -c '
import socket, time
held = [socket.create_connection(("{GATEWAY}", 443)) for _ in range(32)]
time.sleep(40)
' >/dev/null 2>&1 &)
sleep 0.5
"""
GET = f"printf 'GET / HTTP/1.1\\r\\nHost: {HOST}\\r\\n\\r\\n'"
TWICE = f"({GET}; sleep {{rest}}; {GET}; sleep 1) | timeout 5 openssl s_client -quiet -connect {GATEWAY}:443 2>&1 | grep -c ErrorCode"
"""Two calls on one connection, with a rest between them: how many are answered."""
MANY = {"CheckItem": [{"UserID": f"user_{number:03}"} for number in range(40)]}
PING = "ping -c 1 -W 1 -M do -s {size} " + GATEWAY
BIG_VANISH = (
    Truth(script=PING.format(size=1200), says="0 received"),
    Truth(script=PING.format(size=56), says="1 received"),
)

PATH = (
    World(
        name="tcp.timeout/router",
        title="A firewall on the way drops in silence",
        expect=("tcp.timeout",),
        sure={"tcp.timeout": "likely"},
        setup=(("router", f"iptables -A FORWARD {TO_GATEWAY} -j DROP"),),
        truth=(reachable(says=SILENT), dropped()),
    ),
    World(
        name="tcp.timeout/far-host",
        title="The far host drops in silence",
        expect=("tcp.timeout",),
        setup=(("far", f"iptables -A INPUT {TO_GATEWAY} -j DROP"),),
        truth=(reachable(says=SILENT), dropped("far", chain="INPUT")),
    ),
    World(
        name="tcp.timeout/way-back",
        title="The answers are dropped on their way back",
        expect=("tcp.timeout",),
        setup=(("router", f"iptables -A FORWARD -p tcp -s {GATEWAY} --sport 443 -j DROP"),),
        truth=(reachable(says=SILENT), dropped()),
    ),
    World(
        name="tcp.timeout/no-third-party",
        title="A firewall on the way drops in silence, and nobody else may be asked",
        expect=("tcp.timeout",),
        setup=(("router", f"iptables -A FORWARD {TO_GATEWAY} -j DROP"),),
        sure={"tcp.timeout": "possible"},
        arguments=("--no-third-party",),
        truth=(reachable(says=SILENT), dropped()),
    ),
    World(
        name="tcp.timeout/no-internet",
        title="A firewall drops the calls, in a network that lets nothing else out either but to the backup domain",
        expect=("tcp.timeout",),
        sure={"tcp.timeout": "possible"},
        setup=(("router", f"iptables -A FORWARD {TO_GATEWAY} -j DROP; {NOTHING_ELSE}"),),
        truth=(reachable(says=SILENT), dig("timed out|no servers", server=PUBLIC), dropped()),
    ),
    World(
        name="tcp.prohibited/local-drop",
        title="This host's own firewall drops in silence",
        expect=("tcp.prohibited",),
        setup=(("client", f"iptables -A OUTPUT {TO_GATEWAY} -j DROP"),),
        truth=(reachable(says=SILENT), dropped("client", chain="OUTPUT")),
    ),
    *(rejecting("client", "OUTPUT", how) for how in REJECTS),
    *(rejecting("router", "FORWARD", how) for how in REJECTS),
    *(rejecting_six(how) for how in SIX_REJECTS),
    World(
        name="tcp.refused/by-the-target",
        title="The far host itself says port-unreachable",
        expect=("tcp.refused",),
        setup=(("far", f"iptables -A INPUT {TO_GATEWAY} -j REJECT --reject-with icmp-port-unreachable"),),
        truth=(reachable(says=REFUSED), dropped("far", chain="INPUT")),
    ),
    World(
        name="tcp.refused/nobody-listens",
        title="Nobody listens on the port",
        expect=("tcp.refused",),
        servers={GATEWAY: Server(front="refused")},
        truth=(reachable(says=REFUSED),),
    ),
    World(
        name="tcp.reset/on-accept",
        title="The connection is reset as soon as it stands",
        expect=("tcp.reset",),
        servers={GATEWAY: Server(front="reset-on-accept")},
        truth=(curl("reset by peer|SSL_ERROR_SYSCALL|Couldn't connect"),),
    ),
    routed(
        "tcp.unreachable/wrong-route",
        "A route to the service leads to a gateway that is not there",
        "tcp.unreachable",
        f"ip route add {GATEWAY}/32 via 10.20.0.99",
        "No route to host|timed out",
    ),
    routed(
        "tcp.unreachable/unreachable-route",
        "A route says: unreachable",
        "tcp.unreachable",
        f"ip route add unreachable {GATEWAY}/32",
        "No route to host",
    ),
    routed(
        "tcp.unreachable/blackhole-route",
        "A route leads into a black hole",
        "tcp.unreachable",
        f"ip route add blackhole {GATEWAY}/32",
        "Invalid argument",
    ),
    routed(
        "tcp.prohibited/prohibit-route",
        "A route says: prohibited",
        "tcp.prohibited",
        f"ip route add prohibit {GATEWAY}/32",
        "Permission denied",
    ),
    World(
        name="host.no-route/no-default",
        title="The default route is gone",
        expect=("host.no-route",),
        setup=(("client", "ip route del default"),),
        truth=(reachable(says="unreachable"),),
    ),
    World(
        name="host.offline/link-down",
        title="The only link is down",
        expect=("host.offline",),
        setup=(("client", "ip link set eth0 down"),),
        truth=(Truth(script="ip -br link show eth0", says="DOWN"), reachable(says="unreachable")),
    ),
    World(
        name="host.offline/no-carrier",
        title="The cable is out",
        expect=("host.offline",),
        setup=(("router", "ip link set client0 down"),),
        truth=(Truth(script="ip link show eth0", says="NO-CARRIER"),),
    ),
    World(
        name="host.offline/gateway-gone",
        title="The gateway is gone",
        expect=("host.offline",),
        setup=(("router", "ip addr del 10.20.0.1/24 dev client0"),),
        truth=(Truth(script="ping -c 1 -W 1 10.20.0.1", says="0 received|Unreachable"),),
    ),
    World(
        name="host.offline/everything-dropped",
        title="The router lets nothing through",
        expect=("host.offline",),
        setup=(("router", "iptables -A FORWARD -j DROP"),),
        truth=(reachable(says=SILENT), dropped()),
    ),
    World(
        name="host.offline/everything-rejected",
        title="The router refuses everything in its own name",
        expect=("host.offline",),
        setup=(("router", "iptables -A FORWARD -j REJECT --reject-with icmp-net-prohibited"),),
        truth=(reachable(says="unreachable"), dropped()),
    ),
    World(
        name="tcp.partial/one-of-three",
        title="One address of three is dead",
        expect=("tcp.partial",),
        servers={GATEWAY: Server(), SECOND: Server(), THIRD: Server()},
        setup=(("router", f"iptables -A FORWARD -p tcp -d {SECOND} --dport 443 -j DROP"),),
        truth=(reachable(says="succeeded|open"), reachable(SECOND, says=SILENT), dropped()),
    ),
    World(
        name="tcp.ipv6-broken/black-hole",
        title="IPv6 is a black hole, IPv4 is sound",
        expect=("tcp.ipv6-broken",),
        families="46",
        servers=BOTH,
        setup=(("router", "ip6tables -A FORWARD -p tcp --dport 443 -j DROP"),),
        truth=(reachable(GATEWAY6, says=SILENT), reachable(says="succeeded|open"), dropped(table="ip6tables")),
    ),
    World(
        name="tcp.ipv4-broken/black-hole",
        title="IPv4 is a black hole, IPv6 is sound",
        expect=("tcp.ipv4-broken",),
        families="46",
        servers=BOTH,
        setup=(("router", f"iptables -A FORWARD {TO_GATEWAY} -j DROP"),),
        truth=(reachable(GATEWAY6, says="succeeded|open"), reachable(says=SILENT), dropped()),
    ),
    World(
        name="tcp.local-exhausted/ports",
        title="Every local port is taken",
        expect=("tcp.local-exhausted",),
        setup=(("client", HOLD),),
        truth=(
            Truth(script=f"ss -Htn state established dst {GATEWAY} | wc -l", says="^32$"),
            reachable(says="Cannot assign requested address"),
        ),
    ),
    World(
        name="tcp.slow/1.2-s-away",
        title="1.2 s away",
        expect=("tcp.slow",),
        wire=Manner(delay=0.6),
        truth=(Truth(script=f"ping -c 1 -W 3 {GATEWAY}", says=r"time=12\d\d"),),
    ),
    World(
        name="tcp.lossy/every-second-syn",
        title="Every second SYN is lost",
        expect=("tcp.lossy",),
        setup=(
            ("router", f"iptables -A FORWARD {TO_GATEWAY} --syn -m statistic --mode nth --every 2 --packet 0 -j DROP"),
        ),
        truth=(curl(r"connect [12]\.", arguments="-w 'connect %{time_connect}'"), dropped()),
    ),
    World(
        name="tls.mtu-blackhole/hello",
        title="Packets over 500 bytes vanish on their way up: the ClientHello with them",
        expect=("tls.mtu-blackhole",),
        wire=Manner(largest_up=500),
        truth=(*BIG_VANISH, curl("timed out")),
    ),
    World(
        name="tls.mtu-blackhole/certificate",
        title="Packets over 600 bytes vanish on their way down: the certificate with them",
        expect=("tls.mtu-blackhole",),
        wire=Manner(largest_down=600),
        truth=(*BIG_VANISH, curl("timed out")),
    ),
    World(
        name="tls.mtu-blackhole/request",
        title="Packets over 650 bytes vanish on their way up: the handshake passes, the request does not",
        expect=("tls.mtu-blackhole",),
        target={"probe": {"service": "im_open_login_svc", "command": "account_check", "body": MANY}},
        wire=Manner(largest_up=650),
        truth=(*BIG_VANISH, ANSWERS, curl("timed out", arguments=f"-H 'X-Long: {'x' * 700}'")),
    ),
    World(
        name="probe.idle-drop/stateful-firewall",
        title="A firewall on the way forgets connections that rest for a second",
        expect=("probe.idle-drop",),
        wire=Manner(idle=1.0),
        checks={"probe": {"idle": "2s"}},
        truth=(
            ANSWERS,
            Truth(script=TWICE.format(rest=0.3), says="^2$"),
            Truth(script=TWICE.format(rest=2), says="^1$"),
        ),
    ),
)
