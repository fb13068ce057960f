"""Faults that come and go: named as such, by a second look or by --retries, every attempt in the report."""

from imdoctor.lab.gateway import Answering
from imdoctor.lab.resolver import Resolving
from tests.lab.model import GATEWAY, Resolver, Server, Truth, World
from tests.lab.truth import ANSWERS, SILENT, curl, dropped, reachable
from tests.lab.worlds.path import TO_GATEWAY

FOR_A_WHILE = f"""
iptables -A FORWARD {TO_GATEWAY} -j DROP
(sleep 9; iptables -D FORWARD {TO_GATEWAY} -j DROP) >/dev/null 2>&1 &
"""
LATER = Truth(script=ANSWERS.script, says=ANSWERS.says, after=True)
NTH = "-m statistic --mode nth --every"

WAVERING = (
    World(
        name="dns.intermittent/every-second-datagram",
        title="Every second question to the resolver is lost",
        expect=("dns.intermittent",),
        setup=(("dns", f"iptables -A INPUT -p udp --dport 53 {NTH} 2 --packet 1 -j DROP"),),
        truth=(
            Truth(
                script="for n in 1 2 3 4; do dig +time=1 +tries=1 @10.53.0.1 console.tim.qq.com; done",
                says="(?s)NOERROR.*timed out|timed out.*NOERROR",
            ),
            dropped("dns", chain="INPUT"),
        ),
    ),
    World(
        name="dns.intermittent/every-second-answer",
        title="A resolver that answers every second question of each kind",
        expect=("dns.intermittent",),
        resolvers=(Resolver(kind="ours", how=Resolving(answers_every=2)),),
        truth=(
            Truth(
                script="for n in 1 2; do dig +time=1 +tries=1 @10.53.0.1 console.tim.qq.com; done",
                says="(?s)timed out.*NOERROR",
            ),
        ),
    ),
    World(
        name="tcp.intermittent/every-second-connection",
        title="Every second connection is refused",
        expect=("tcp.intermittent",),
        setup=(
            ("router", f"iptables -A FORWARD {TO_GATEWAY} --syn {NTH} 2 --packet 0 -j REJECT --reject-with tcp-reset"),
        ),
        truth=(
            Truth(
                script=f"for n in 1 2; do nc -v -w 2 -z {GATEWAY} 443 2>&1; done", says="(?s)refused.*(succeeded|open)"
            ),
            dropped(),
        ),
    ),
    World(
        name="tls.intermittent/every-third-connection",
        title="Every third connection is reset after its ClientHello",
        expect=("tls.intermittent",),
        servers={GATEWAY: Server(front="every-third-reset")},
        truth=(
            Truth(
                script="for n in 1 2 3; do curl -sS --max-time 5 https://console.tim.qq.com/; done",
                says="(?s)60002.*60002.*(reset|SYSCALL)",
            ),
        ),
    ),
    World(
        name="probe.intermittent/first-call",
        title="The first authenticated call meets HTTP 502, the next one does not",
        expect=("probe.intermittent",),
        servers={GATEWAY: Server(answering=Answering(status=502, posts=1))},
        arguments=("--retries", "2"),
        truth=(curl("502"),),
    ),
    World(
        name="tcp.intermittent/for-a-while",
        title="A firewall drops for nine seconds, and then no more",
        expect=("tcp.intermittent",),
        setup=(("router", FOR_A_WHILE),),
        arguments=("--retries", "4"),
        truth=(reachable(says=SILENT), LATER),
    ),
)
