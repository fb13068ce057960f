"""What the codes of the `tls` check mean."""

from collections.abc import Mapping

from imdoctor import Spec

LOOK = "Look by hand: `openssl s_client -connect {address}:{port} -servername {host} </dev/null`."
ABOVE = ("probe.*", "clock.blocked", "tls.addresses-differ")
ABOVE_BUT_A_PORTAL = ("probe.[!c]*", "probe.closed", "clock.blocked", "tls.addresses-differ")
"""A portal answers with a certificate of its own: it is the reason, and the certificate is not."""
FIREWALL = "Ask those who run the firewall to let TLS to {host} pass uninspected and uncut."
SERVER = "Compare with another network. If it is the same there, tell the service's support what you saw; call the backup domain meanwhile."

FINDINGS: Mapping[str, Spec] = {
    "tls.not-tls": Spec(
        "fail",
        title="What answers on the port does not speak TLS",
        message="{address}: instead of TLS it says {first_bytes!r}",
        why="Another service listens there, or a captive portal answers in the service's place.",
        remedy=(
            "See what it says: `nc {address} {port} </dev/null | head -3`.",
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
        remedy=(LOOK, FIREWALL, SERVER),
        explains=ABOVE,
    ),
    "tls.reset": Spec(
        "fail",
        title="The TLS handshake is reset",
        message="{address}: reset in answer to the ClientHello",
        why="The connection is accepted, and reset once TLS begins. A filter on the way does this, or a balancer without a server.",
        remedy=(LOOK, FIREWALL, SERVER),
        explains=ABOVE,
    ),
    "tls.closed": Spec(
        "fail",
        title="The connection is closed during the TLS handshake",
        message="{address}: ended in answer to the ClientHello ({error})",
        why="The connection is accepted, and ended without a word of TLS.",
        remedy=(LOOK, FIREWALL, SERVER),
        explains=ABOVE,
    ),
    "tls.sni-filtered": Spec(
        "fail",
        title="The name is filtered",
        message="{address}: under the name {host} the handshake ends ({error}), under {other} it does not",
        why="The same address shakes hands under another name, so something on the way reads the name and cuts it off.",
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
        remedy=(
            LOOK,
            "Check the endpoint, and what stands between: a proxy or gateway of your own network may want the certificate.",
        ),
        explains=ABOVE,
        confidence="certain",
    ),
    "tls.cert-expired": Spec(
        "fail",
        title="The certificate has expired",
        message="{address}: the certificate of {subject} expired {days} days ago",
        why="Its last day has passed, so no client may trust it any more.",
        remedy=(
            "See its dates: `openssl s_client -connect {address}:{port} -servername {host} </dev/null | openssl x509 -noout -dates`.",
            "Check this host's clock: `timedatectl`.",
            SERVER,
        ),
        explains=ABOVE_BUT_A_PORTAL,
    ),
    "tls.cert-not-yet-valid": Spec(
        "fail",
        title="The certificate is not yet valid",
        message="{address}: the certificate of {subject} begins in {days} days",
        why="Its first day lies ahead by this host's clock. More often than the certificate it is the clock that is wrong.",
        remedy=(
            "Check this host's clock: `timedatectl`.",
            "See its dates: `openssl s_client -connect {address}:{port} -servername {host} </dev/null | openssl x509 -noout -dates`.",
            SERVER,
        ),
        explains=ABOVE_BUT_A_PORTAL,
    ),
    "tls.cert-hostname": Spec(
        "fail",
        title="The certificate is for another name",
        message="{address}: the certificate is for {names}, not for {host}",
        why="Another server answers at this address: a wrong address, a portal, or a proxy that terminates TLS.",
        remedy=(LOOK, "Compare what other resolvers give: `dig @223.5.5.5 {host} A`.", SERVER),
        explains=ABOVE_BUT_A_PORTAL,
        confidence="certain",
    ),
    "tls.cert-self-signed": Spec(
        "fail",
        title="The certificate is self-signed",
        message="{address}: the certificate of {subject} is signed by itself",
        why="No authority vouches for it. A public service does not use such a certificate: something else answers.",
        remedy=(LOOK, "Check the endpoint, and whether a proxy or portal of your own network answers."),
        explains=ABOVE_BUT_A_PORTAL,
        confidence="certain",
    ),
    "tls.chain-incomplete": Spec(
        "fail",
        title="The server leaves a certificate out of the chain",
        message="{address}: nothing at hand has issued the chain's last certificate ({last})",
        why="The chain as sent ends below a root, and this host's store lacks its next link. Browsers may fetch it; programs do not.",
        remedy=(
            "Count what is sent: `openssl s_client -connect {address}:{port} -servername {host} -showcerts </dev/null | grep -c BEGIN`.",
            SERVER,
        ),
        explains=ABOVE_BUT_A_PORTAL,
    ),
    "tls.cert-untrusted": Spec(
        "fail",
        title="The certificate's authority is not trusted here",
        message="{address}: the chain ends in {authority}, which this host's store does not hold",
        why="The authority is unknown to this host: it was removed, it is a private one, or it is not the service that answers.",
        remedy=(
            LOOK,
            "If the authority is your own company's, install its root (`update-ca-certificates`) or name it by ca_file.",
            "If it is a public one, bring the package ca-certificates up to date.",
        ),
        explains=ABOVE_BUT_A_PORTAL,
    ),
    "tls.intercepted": Spec(
        "fail",
        title="Somebody on the way opens the TLS connection",
        message="{address}: the certificate was issued by {authority}, {known_as}",
        why="A firewall or agent answers in the service's place with a certificate of its own making.",
        remedy=(
            "Ask those who run it to exempt {host} from inspection.",
            "Or let this host trust it: install its root (`update-ca-certificates`) or name it by ca_file.",
        ),
        explains=(*ABOVE, "tls.cert-untrusted", "tls.chain-incomplete"),
    ),
    "tls.ca-store-outdated": Spec(
        "fail",
        title="This host's certificate store is too old",
        message="{address}: the chain fails against this host's store, and passes against {reference}",
        why="The authority is a public one that this host's store does not know yet.",
        remedy=(
            "Bring the store up to date: `apt-get install --only-upgrade ca-certificates`, or `yum update ca-certificates`.",
            "Java and Python may bring stores of their own: update those as well (cacerts, certifi).",
        ),
        explains=(*ABOVE, "tls.cert-untrusted", "tls.chain-incomplete"),
        confidence="certain",
    ),
    "tls.cert-expiring": Spec(
        "warn",
        title="The certificate expires soon",
        message="{address}: the certificate of {subject} expires in {days} days",
        why="If it is not renewed in time, every call fails from then on.",
        remedy=("Watch it: a public service renews its certificate by itself as a rule.",),
        confidence="certain",
    ),
    "tls.weak": Spec(
        "warn",
        title="The TLS connection is weak",
        message="{address}: {weakness}",
        why="What protects the connection is out of date.",
        remedy=(LOOK, "If a proxy of your own network answers, bring it up to date."),
        confidence="certain",
    ),
    "tls.slow": Spec(
        "warn",
        title="The TLS handshake is slow",
        message="{address}: {seconds} s for a handshake",
        why="Distance, loss or a busy server: every new connection pays for it.",
        remedy=("Keep connections open in the application, so that few calls need a handshake.",),
        explains=("probe.slow",),
        confidence="certain",
    ),
    "tls.addresses-differ": Spec(
        "warn",
        title="The addresses answer differently",
        message="{good} shake hands, {bad} do not",
        why="Calls that are given one of the bad addresses fail, the others do not: failures at random.",
        remedy=(
            "Compare by hand: `openssl s_client -connect ADDRESS:{port} -servername {host} </dev/null` for each address.",
        ),
        explains=("probe.intermittent",),
        confidence="certain",
    ),
    "tls.intermittent": Spec(
        "warn",
        title="The TLS handshake fails now and then",
        message="{address}: {failed} of {total} handshakes failed ({errors})",
        why="The same address shakes hands and fails in turn.",
        remedy=(
            "Count by hand: `for i in $(seq 20); do openssl s_client -connect {address}:{port} -servername {host} </dev/null; done`.",
        ),
        explains=("probe.intermittent", "probe.slow"),
        confidence="certain",
    ),
}
