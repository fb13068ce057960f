"""What the codes of the `tls` check mean."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.sentences import LOOK, SERVER, WHOSE
from imdoctor_checks.specs.tls_certificates import ABOVE, CERTIFICATES
from imdoctor_checks.specs.tls_partly import PARTLY

FIREWALL = "Ask those who run the firewall to let TLS to {host} pass uninspected and uncut."
TLS12 = "Offer TLS 1.2 alone: `openssl s_client -connect {address}:{port} -servername {host} -tls1_2 </dev/null`."
SAYS = "See what it says: `nc -w 3 {address} {port} </dev/null | head -3`."


FINDINGS: Mapping[str, Spec] = {
    "tls.not-tls": Spec(
        "fail",
        title="What answers on the port does not speak TLS",
        message="{address}: instead of TLS it says {first_bytes!r}",
        why="Another service listens there, or a captive portal answers in the service's place.",
        causes=(
            "The endpoint's port is not that of HTTPS.",
            "A captive portal or a proxy answers in plain HTTP.",
            "The address is wrong, and another service listens there.",
        ),
        confirm=(
            SAYS,
            LOOK,
            "Try plain HTTP: `curl -sv -m 5 http://{endpoint}/`.",
        ),
        remedy=(
            SAYS,
            "Check the endpoint's host and port.",
            SERVER,
        ),
        explains=ABOVE,
        confidence="certain",
    ),
    "tls.timeout": Spec(
        "fail",
        title="The TLS handshake meets silence",
        message="{address}: the connection stands, the handshake gets no answer within {waited} s",
        why="The connection is accepted, and what is sent on it vanishes: a middlebox holds it, or the server is stuck.",
        causes=(
            "A firewall that inspects TLS holds the first packet back.",
            "Large packets vanish on the way: a tunnel, and filtered ICMP.",
            "The server, or a balancer before it, is overloaded or stuck.",
        ),
        confirm=(
            LOOK,
            (
                "Offer TLS 1.2 alone, whose first packet is smaller: `openssl s_client -connect {address}:{port} "
                "-servername {host} -tls1_2 </dev/null`."
            ),
            "See whether large packets pass: `ping -M do -c 3 -s 1372 {address}`.",
        ),
        remedy=(LOOK, FIREWALL, SERVER),
        explains=ABOVE,
    ),
    "tls.reset": Spec(
        "fail",
        title="The TLS handshake is reset",
        message="{address}: reset in answer to the ClientHello",
        why="The connection is accepted, and reset once TLS begins. A filter on the way does this, or a balancer without a server.",
        causes=(
            "A filter on the way reads the first packet of TLS and cuts the connection off.",
            "A load balancer has no server behind it.",
            "A box on the way cannot bear TLS 1.3.",
        ),
        confirm=(
            LOOK,
            (
                "Offer another name; if that succeeds, the name is filtered: `openssl s_client -connect "
                "{address}:{port} -servername example.com </dev/null`."
            ),
            TLS12,
        ),
        remedy=(LOOK, FIREWALL, SERVER),
        explains=ABOVE,
    ),
    "tls.closed": Spec(
        "fail",
        title="The connection is closed during the TLS handshake",
        message="{address}: ended in answer to the ClientHello ({error})",
        why="The connection is accepted, and ended without a word of TLS.",
        causes=(
            "A filter or a proxy on the way ends what it does not allow.",
            "A load balancer has no server behind it, or the server is restarting.",
            "What listens there serves other names only, and closes for this one.",
        ),
        confirm=(
            LOOK,
            (
                "Offer another name; if that succeeds, it is about the name: `openssl s_client -connect "
                "{address}:{port} -servername example.com </dev/null`."
            ),
            TLS12,
        ),
        remedy=(LOOK, FIREWALL, SERVER),
        explains=ABOVE,
    ),
    "tls.sni-filtered": Spec(
        "fail",
        title="The name is filtered",
        message="{address}: under the name {host} the handshake ends ({error}), under {other} it does not",
        why="The same address shakes hands under another name, so something on the way reads the name and cuts it off.",
        causes=(
            "A firewall or a filter of web addresses has the domain, or its category, on its list of what is denied.",
            "The filter has a list of what is allowed, and the domain is not on it.",
        ),
        confirm=(
            "Offer this name: `openssl s_client -connect {address}:{port} -servername {host} </dev/null`.",
            "Offer the other: `openssl s_client -connect {address}:{port} -servername {other} </dev/null`.",
        ),
        remedy=(
            FIREWALL,
            "Show it: `openssl s_client -connect {address}:{port} -servername {other} </dev/null` succeeds, with {host} it does not.",
        ),
        explains=(*ABOVE, "tls.reset", "tls.timeout", "tls.closed"),
        confidence="certain",
    ),
    "tls.mtu-blackhole": Spec(
        "fail",
        title="Large packets vanish on the way",
        message="{address}: with small segments ({segment} bytes) the {what} passes, with full-size ones it does not",
        why="A link on the way carries less than this host believes, and the ICMP messages that would say so are filtered.",
        causes=(
            "A tunnel or a VPN takes room from each packet, and the MTU of the interface does not allow for it.",
            "A firewall filters the ICMP messages that say how large a packet may be.",
            "The clamping of the MSS on the tunnel's router was lost, by a change or a restart.",
        ),
        confirm=(
            "See which sizes pass: `for s in 1472 1432 1372 1232; do ping -M do -c 2 -W 2 -s $s {address}; done`.",
            "Measure the path: `tracepath -n {address}`.",
            "Show the MTU here: `ip link show`.",
        ),
        remedy=(
            "Measure the path: `tracepath -n {address}`; `ping -M do -s 1400 {address}`.",
            "Lower the interface's MTU (`ip link set dev DEVICE mtu 1400`), or clamp the MSS on the VPN or tunnel.",
            "Let ICMP type 3 code 4 (IPv6: type 2) pass the firewall.",
        ),
        explains=(*ABOVE, "tls.timeout"),
        confidence="certain",
    ),
    "tls.protocol-version": Spec(
        "fail",
        title="No TLS version in common",
        message="{address}: no TLS version in common ({error})",
        why="The other side speaks only versions of TLS that this host refuses, or refuses those that this host speaks.",
        causes=(
            "An old proxy or an inspecting box answers in the service's place.",
            "This machine's crypto policy refuses the versions that the other side speaks.",
            "A box on the way cannot bear TLS 1.3.",
        ),
        confirm=(
            (
                "Try one version after the other: `for v in tls1_2 tls1_3; do openssl s_client -connect "
                "{address}:{port} -servername {host} -$v </dev/null 2>&1 | grep -e 'Cipher is' -e alert; done`."
            ),
            "Show this machine's policy: `grep -n -e MinProtocol -e MaxProtocol /etc/ssl/openssl.cnf`.",
        ),
        remedy=(
            "See by hand: `openssl s_client -connect {address}:{port} -servername {host} -tls1_2 </dev/null`.",
            SERVER,
        ),
        explains=ABOVE,
        confidence="certain",
    ),
    "tls.no-shared-cipher": Spec(
        "fail",
        title="No cipher in common",
        message="{address}: no cipher in common ({error})",
        why="This host's policy and the other side's allow no common cipher.",
        causes=(
            "This machine's crypto policy (FIPS, a list of ciphers) leaves nothing that the other side has.",
            "An old proxy or an inspecting box answers in the service's place.",
        ),
        confirm=(
            (
                "Offer every cipher; if that succeeds, this machine's policy is the reason: `openssl s_client "
                "-connect {address}:{port} -servername {host} -cipher ALL@SECLEVEL=0 </dev/null`."
            ),
            "Show what this machine offers: `openssl ciphers -s -v`.",
            LOOK,
        ),
        remedy=(
            "See what this host offers: `openssl ciphers -v`; look at its crypto policy (/etc/ssl/openssl.cnf).",
            SERVER,
        ),
        explains=ABOVE,
        confidence="likely",
    ),
    "tls.client-cert-required": Spec(
        "fail",
        title="The server wants a client certificate",
        message="{address}: a client certificate was asked for, and the connection refused without one ({error})",
        why="The IM API uses none: this is another service, or a proxy that wants to know its clients.",
        causes=(
            "The endpoint is that of another service, which knows its clients by certificate.",
            "A gateway or a service mesh of your own network stands in between.",
        ),
        confirm=(
            (
                "See whether it asks for one, and of which authority: `openssl s_client -connect "
                "{address}:{port} -servername {host} </dev/null 2>&1 | grep -A 3 'client certificate CA'`."
            ),
            WHOSE,
        ),
        remedy=(
            LOOK,
            "Check the endpoint, and what stands between: a proxy or gateway of your own network may want the certificate.",
        ),
        explains=ABOVE,
        confidence="certain",
    ),
    **CERTIFICATES,
    **PARTLY,
}
