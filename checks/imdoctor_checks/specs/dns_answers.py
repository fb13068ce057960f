"""What the codes of the `dns` check mean: answers that are not the truth."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.sentences import PUBLIC

PATH = ("tcp.*", "tls.*", "probe.*", "clock.blocked")
"""What goes wrong at a wrong address."""
BACKUP = "Call the site's backup domain meanwhile: it is there for when a resolver answers wrongly."
WHO_ANSWERS = (
    "See who answers at each address: `openssl s_client -connect ADDRESS:{port} -servername {host} "
    "-verify_return_error </dev/null`."
)

ANSWERS: Mapping[str, Spec] = {
    "dns.hosts-override": Spec(
        "warn",
        title="The hosts file pins the name",
        message="/etc/hosts pins {host} to {addresses}",
        why="The service's addresses change without notice. A pinned one works until it does not, and no resolver is asked.",
        causes=(
            "Somebody wrote the line as a workaround for an outage, and it was left.",
            "A test or a migration needed it, and it was left.",
            (
                "The line is written by configuration management, or by a container's settings (extra_hosts, "
                "hostAliases)."
            ),
        ),
        confirm=(
            "Show the line: `grep -n -i {host} /etc/hosts`.",
            "Compare what the application sees with what DNS says: `getent ahosts {host}; dig +short {host} A`.",
        ),
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
        causes=(
            "A filter or a DNS firewall answers with the address of its own page, or with none that exists.",
            "An internal zone, or a wildcard in one, holds the name.",
            "A proxy that gives out made-up addresses is not in the way any more.",
            "A network that wants a login answers every name with its own address.",
        ),
        confirm=(
            "Ask by hand: `dig {host} A`.",
            PUBLIC,
            (
                "See what answers at the address: `openssl s_client -connect ADDRESS:{port} -servername {host} "
                "</dev/null 2>/dev/null | openssl x509 -noout -subject -issuer`."
            ),
        ),
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
        causes=(
            "The provider's resolver, or a box on the way to it, answers with an address of its own.",
            "An internal resolver holds a record of its own for the name, or an old one.",
            "The search list makes another name of it, which a wildcard answers.",
            "A router's or a VPN client's settings point at a resolver that lies.",
        ),
        confirm=(
            "Ask each resolver: `dig +short @RESOLVER {host} A`.",
            WHO_ANSWERS,
            "Leave the search list out, by the final dot, and compare: `getent ahosts {host}; getent ahosts {host}.`.",
        ),
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
        causes=(
            "One of the resolvers has an old record, or a zone of its own for the name.",
            "One of the resolvers belongs to another network, such as a VPN's.",
            "One of the resolvers filters.",
        ),
        confirm=(
            "Ask each resolver of /etc/resolv.conf: `dig +short @RESOLVER {host} A`.",
            WHO_ANSWERS,
        ),
        remedy=(
            "Compare by hand: `dig {host} A @RESOLVER` for each resolver.",
            "Take the wrong resolver out of /etc/resolv.conf, and tell those who run it.",
        ),
    ),
}
