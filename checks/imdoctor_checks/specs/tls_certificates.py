"""What the codes of the `tls` check mean: certificates and who vouches for them."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.sentences import EACH, LOOK, PUBLIC, SERVER, TIME, WHOSE

ABOVE = ("probe.*", "clock.blocked", "tls.addresses-differ")
ABOVE_BUT_A_PORTAL = ("probe.[!c]*", "probe.closed", "clock.blocked", "tls.addresses-differ")
"""A portal answers with a certificate of its own: it is the reason, and the certificate is not."""
DATES = "See its dates: `openssl s_client -connect {address}:{port} -servername {host} </dev/null | openssl x509 -noout -dates`."
COUNT = "Count what is sent: `openssl s_client -connect {address}:{port} -servername {host} -showcerts </dev/null | grep -c BEGIN`."


CERTIFICATES: Mapping[str, Spec] = {
    "tls.cert-expired": Spec(
        "fail",
        title="The certificate has expired",
        message="{address}: the certificate of {subject} expired {days} days ago",
        why="Its last day has passed, so no client may trust it any more.",
        causes=(
            (
                "The server, or a proxy that stands before it, did not renew its certificate, or did not load "
                "the new one."
            ),
            "The address is that of an old server: pinned in a hosts file, or stale.",
            "This host's clock is ahead.",
        ),
        confirm=(
            DATES,
            TIME,
            EACH,
        ),
        remedy=(
            DATES,
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
        causes=(
            "This host's clock is behind: no time synchronisation, or a machine that was paused.",
            "The certificate was put in place before its first day.",
        ),
        confirm=(
            DATES,
            TIME,
        ),
        remedy=(
            "Check this host's clock: `timedatectl`.",
            DATES,
            SERVER,
        ),
        explains=ABOVE_BUT_A_PORTAL,
    ),
    "tls.cert-hostname": Spec(
        "fail",
        title="The certificate is for another name",
        message="{address}: the certificate is for {names}, not for {host}",
        why="Another server answers at this address: a wrong address, a portal, or a proxy that terminates TLS.",
        causes=(
            "The address is another server's: pinned in a hosts file, stale, or a resolver's lie.",
            "A portal or a proxy answers in the service's place.",
            "The endpoint is written as an address, or by an alias that the certificate does not name.",
        ),
        confirm=(
            (
                "See for which names it is: `openssl s_client -connect {address}:{port} -servername {host} "
                "</dev/null 2>/dev/null | openssl x509 -noout -subject -ext subjectAltName`."
            ),
            PUBLIC,
        ),
        remedy=(LOOK, "Compare what other resolvers give: `dig @223.5.5.5 {host} A`.", SERVER),
        explains=ABOVE_BUT_A_PORTAL,
        confidence="certain",
    ),
    "tls.cert-self-signed": Spec(
        "fail",
        title="The certificate is self-signed",
        message="{address}: the certificate of {subject} is signed by itself",
        why="No authority vouches for it. A public service does not use such a certificate: something else answers.",
        causes=(
            "A proxy, a router or a balancer answers with the certificate that it was delivered with.",
            "A test server stands under this name or address.",
            "A resolver's lie leads to another server.",
        ),
        confirm=(
            WHOSE,
            PUBLIC,
        ),
        remedy=(LOOK, "Check the endpoint, and whether a proxy or portal of your own network answers."),
        explains=ABOVE_BUT_A_PORTAL,
        confidence="certain",
    ),
    "tls.chain-incomplete": Spec(
        "fail",
        title="The server leaves a certificate out of the chain",
        message="{address}: nothing at hand has issued the chain's last certificate ({last})",
        why="The chain as sent ends below a root, and this host's store lacks its next link. Browsers may fetch it; programs do not.",
        causes=(
            "The server, or a proxy that stands before it, was set up with its own certificate alone.",
            "A box that inspects traffic sends the certificate that it made, and not its authority's.",
            "The authority has changed its intermediate certificate, and the old one is still sent.",
        ),
        confirm=(
            COUNT,
            (
                "Name each of them, with its issuer: `openssl s_client -connect {address}:{port} -servername "
                "{host} -showcerts </dev/null 2>/dev/null | grep -E '^ +([0-9]+ s|i):'`."
            ),
        ),
        remedy=(
            COUNT,
            SERVER,
        ),
        explains=ABOVE_BUT_A_PORTAL,
    ),
    "tls.cert-untrusted": Spec(
        "fail",
        title="The certificate's authority is not trusted here",
        message="{address}: the chain ends in {authority}, which this host's store does not hold",
        why="The authority is unknown to this host: it was removed, it is a private one, or it is not the service that answers.",
        causes=(
            "The authority is your own company's, and its root is not installed on this host.",
            "A box that inspects traffic issues certificates, and its root is not installed here.",
            "A container or a small image has no store of authorities, or a partial one.",
        ),
        confirm=(
            WHOSE,
            (
                "See whether there is a store, and of when (Debian's place, then Red Hat's): `ls -l /etc/ssl/certs/ca-certificates.crt "
                "/etc/pki/tls/certs/ca-bundle.crt`."
            ),
            (
                "Try with the authority's root, where you have it: `openssl s_client -connect {address}:{port} "
                "-servername {host} -CAfile ROOT.pem -verify_return_error </dev/null`."
            ),
        ),
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
        causes=(
            "The company's firewall or proxy inspects TLS.",
            "A security agent or a virus scanner on this host inspects TLS.",
            "A debugging proxy was left running.",
            "Somebody on the way reads along without being entitled to.",
        ),
        confirm=(
            (
                "See who issued the certificate, and compare with another network: `openssl s_client -connect "
                "{address}:{port} -servername {host} </dev/null 2>/dev/null | openssl x509 -noout -issuer "
                "-fingerprint -sha256`."
            ),
            "See whether a proxy is in the way: `env | grep -i _proxy`.",
        ),
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
        causes=(
            "The host or its image is old, and the package ca-certificates was not brought up to date.",
            "The application brings an old store of its own (cacerts of Java, certifi of Python).",
            "The service changed to an authority that is younger than the store.",
        ),
        confirm=(
            (
                "Verify against the store that imdoctor's own Python brings, where it is installed: `openssl "
                's_client -connect {address}:{port} -servername {host} -CAfile "$(python3 -m certifi)" '
                "-verify_return_error </dev/null`."
            ),
            (
                "See of when this host's store is (Debian's place, then Red Hat's): `ls -lL /etc/ssl/certs/ca-certificates.crt "
                "/etc/pki/tls/certs/ca-bundle.crt`."
            ),
        ),
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
        causes=(
            "The renewal is due, and has not been done yet.",
            "The automatic renewal fails, and nobody has seen it.",
            "The new certificate is there, and this address does not serve it yet.",
        ),
        confirm=(
            DATES,
            EACH,
        ),
        remedy=("Watch it: a public service renews its certificate by itself as a rule.",),
        confidence="certain",
    ),
}
