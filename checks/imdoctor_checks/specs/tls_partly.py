"""What the codes of the `tls` check mean: handshakes that succeed, but not all of them, or slowly, or weakly."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.sentences import EACH, HOPS, LOOK, SERVER, TIMES, WHOSE

TWENTY = (
    "Count by hand; 1 is a handshake that failed: `for i in $(seq 20); do openssl s_client -connect {address}:{port} "
    "-servername {host} </dev/null >/dev/null 2>&1; echo $?; done`."
)


PARTLY: Mapping[str, Spec] = {
    "tls.weak": Spec(
        "warn",
        title="The TLS connection is weak",
        message="{address}: {weakness}",
        why="What protects the connection is out of date.",
        causes=(
            "An old proxy or an inspecting box answers in the service's place.",
            "The server's settings are old.",
            "This machine's crypto policy was lowered for something else.",
        ),
        confirm=(
            LOOK,
            (
                "See version, cipher and key: `openssl s_client -connect {address}:{port} -servername {host} "
                "</dev/null 2>/dev/null | grep -e 'Cipher is' -e 'public key' -e digest`."
            ),
            WHOSE,
        ),
        remedy=(LOOK, "If a proxy of your own network answers, bring it up to date."),
        confidence="certain",
    ),
    "tls.slow": Spec(
        "warn",
        title="The TLS handshake is slow",
        message="{address}: {seconds} s for a handshake",
        why="Distance, loss or a busy server: every new connection pays for it.",
        causes=(
            "The server is far away, and a handshake takes one or two more trips than the connection.",
            "Packets of the handshake are lost and sent again.",
            "A box that inspects TLS, or the server, is overloaded.",
        ),
        confirm=(TIMES,),
        remedy=("Keep connections open in the application, so that few calls need a handshake.",),
        explains=("probe.slow",),
        confidence="certain",
    ),
    "tls.addresses-differ": Spec(
        "warn",
        title="The addresses answer differently",
        message="{good} shake hands, {bad} do not",
        why="Calls that are given one of the bad addresses fail, the others do not: failures at random.",
        causes=(
            "One of the service's machines, or one of its sites, is out of order or was not renewed.",
            "A filter or an inspecting box has rules for some of the addresses only.",
            "One of the addresses is not the service's: a resolver's lie, or a stale record.",
        ),
        confirm=(EACH,),
        remedy=(
            "Compare by hand: `openssl s_client -connect ADDRESS:{port} -servername {host} </dev/null` for each address.",
            "Tell the service's support which address answers otherwise; call the backup domain meanwhile.",
        ),
        explains=("probe.intermittent",),
        confidence="certain",
    ),
    "tls.intermittent": Spec(
        "warn",
        title="The TLS handshake fails now and then",
        message="{address}: {failed} of {total} handshakes failed ({errors})",
        why="The same address shakes hands and fails in turn.",
        causes=(
            "Several machines stand behind the address, and one of them is out of order.",
            "A box that inspects TLS, or the server, is overloaded.",
            "Packets are lost on the way.",
        ),
        confirm=(
            TWENTY,
            HOPS,
        ),
        remedy=(TWENTY, SERVER),
        explains=("probe.intermittent", "probe.slow"),
        confidence="certain",
    ),
}
