"""What the codes of the `probe` check mean: answers that are none of the IM gateway's, or broken."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.sentences import CURL, SUPPORT

WHO = (
    "See who answers: `openssl s_client -connect {endpoint} -servername {host} </dev/null 2>/dev/null | openssl "
    "x509 -noout -subject -issuer`."
)

ANSWERS: Mapping[str, Spec] = {
    "probe.http-status": Spec(
        "fail",
        title="The answer is an HTTP error",
        message="{request} is answered with HTTP {status}{by}",
        why="The API answers HTTP 200 whatever the outcome; another status comes from a network error, or from something between.",
        causes=(
            "A proxy or a balancer on the way does not reach what is behind it (502, 503, 504).",
            "A firewall or a filter answers with a page of its own (403).",
            "The service's own gateway is out of order.",
        ),
        confirm=(
            CURL,
            "See who answers: `curl -sI https://{endpoint}/ | grep -i -e ^HTTP -e ^server: -e ^via:`.",
        ),
        remedy=(CURL, "See which server says it: the Server and Via headers name a proxy or balancer.", SUPPORT),
        confidence="certain",
    ),
    "probe.redirected": Spec(
        "fail",
        title="The call is redirected",
        message="{request} is answered with HTTP {status}, to {location}",
        why="The API redirects nowhere: a portal or proxy answers in its place.",
        causes=(
            "A portal or a proxy that wants a login answers in the service's place.",
            "The endpoint is another server's, such as a web site's.",
            "A gateway of your own network sends calls elsewhere.",
        ),
        confirm=(
            CURL,
            (
                "See where it leads: `curl -so /dev/null -m 10 -w '%{{http_code}} %{{redirect_url}}\\n' "
                "https://{endpoint}/`."
            ),
            WHO,
        ),
        remedy=(CURL, "Look at where it leads, and exempt {host} there."),
        confidence="certain",
    ),
    "probe.not-im": Spec(
        "fail",
        title="What answers is not the IM gateway",
        message="neither GET / nor a POST to the API is answered with an IM envelope ({detail})",
        why="The connection ends at another server: a wrong endpoint, a portal, or a proxy that answers itself.",
        causes=(
            "The endpoint is misspelt, or that of another service.",
            "The address is another server's: pinned in a hosts file, stale, or a resolver's lie.",
            "A proxy answers with a page of its own.",
        ),
        confirm=(
            CURL,
            (
                "See what answers; the gateway sends JSON with ActionStatus, ErrorInfo and ErrorCode: `curl -sm "
                "10 https://{endpoint}/`."
            ),
            "Compare the addresses: `getent ahosts {host}; dig +short @223.5.5.5 {host} A`.",
        ),
        remedy=(
            CURL,
            "Check the endpoint against your site's domain.",
            "Compare what other resolvers give: `dig @223.5.5.5 {host} A`.",
        ),
        confidence="certain",
    ),
    "probe.captive-portal": Spec(
        "fail",
        title="A captive portal answers",
        message="what answers sends the caller to {location}",
        why="The network wants a login before it lets traffic through, and answers every call itself until then.",
        causes=(
            "The network wants a login from every new machine.",
            "The login has run out.",
            "The machine is not registered with the network's access control.",
        ),
        confirm=(
            (
                "See where plain HTTP is sent: `curl -so /dev/null -m 10 -w '%{{http_code}} %{{redirect_url}}\\n' "
                "http://{host}/`."
            ),
            (
                "See whose certificate it is: `openssl s_client -connect {endpoint} -servername {host} "
                "</dev/null 2>/dev/null | openssl x509 -noout -subject -issuer`."
            ),
        ),
        remedy=("Log in to the network at {location}, or have this host exempted from the portal.",),
        explains=("tls.cert-*", "tls.chain-incomplete", "dns.bogon-answer"),
        confidence="likely",
    ),
    "probe.bad-envelope": Spec(
        "fail",
        title="The answer's envelope is broken",
        message="the answer to {request} is no proper envelope: {detail}",
        why="ActionStatus, ErrorInfo and ErrorCode do not stand there as documented: something rewrote the answer, or another API gave it.",
        causes=(
            "A proxy or a gateway on the way rewrites the answer.",
            "The endpoint is that of another API that looks alike.",
            "The service's own answer is broken.",
        ),
        confirm=(
            CURL,
            "See whether it is JSON, and what is in it: `curl -sm 10 https://{endpoint}/ | python3 -m json.tool`.",
            "See whether something stands between: `curl -sI https://{endpoint}/ | grep -i -e ^via: -e ^server:`.",
        ),
        remedy=(CURL, SUPPORT),
        confidence="certain",
    ),
    "probe.truncated": Spec(
        "fail",
        title="The answer is cut off",
        message="the answer to {request} ends before its announced end ({detail})",
        why="The connection was closed in the middle of the body: by the server, or by a proxy or firewall on the way.",
        causes=(
            "A proxy or a firewall on the way cuts answers off.",
            "The server closed in the middle: it was restarting, or overloaded.",
            "Something on the way announces a wrong length.",
        ),
        confirm=(
            CURL,
            (
                "Let curl compare the length, which ends with exit code 18 when bytes are missing: `curl -so "
                "/dev/null -m 10 https://{endpoint}/; echo $?`."
            ),
            (
                "See what is announced, and by whom: `curl -sI https://{endpoint}/ | grep -i -e ^content-length: "
                "-e ^transfer-encoding: -e ^via:`."
            ),
        ),
        remedy=(CURL, "Compare through another network path; look at limits of a proxy on the way.", SUPPORT),
        confidence="certain",
    ),
    "probe.too-large": Spec(
        "fail",
        title="The answer is far too large",
        message="the answer to {request} is larger than {limit} bytes",
        why="The API's answers to these calls are short: something else answers.",
        causes=(
            "The endpoint is another server's, such as a web site's.",
            "A portal or a proxy answers with a page of its own.",
        ),
        confirm=(
            CURL,
            (
                "See how much comes, and of which type: `curl -so /dev/null -m 10 -w '%{{size_download}} "
                "%{{content_type}}\\n' https://{endpoint}/`."
            ),
        ),
        remedy=(CURL, "Check the endpoint against your site's domain."),
        confidence="certain",
    ),
    "probe.closed": Spec(
        "fail",
        title="The connection ends before any answer",
        message="{request} was sent, and the connection ended without a byte of an answer ({detail})",
        why="The handshake succeeds and the request is cut off: by a firewall that reads it, a proxy, or a server that is restarting.",
        causes=(
            "A firewall that reads the request cuts it off.",
            "The server, or a balancer before it, is restarting or overloaded.",
            "A proxy on the way gives up on the server behind it.",
        ),
        confirm=(
            CURL,
            (
                "Repeat it a few times; curl says 52 for an empty answer, 56 for a reset: `for i in $(seq 10); "
                "do curl -so /dev/null -m 10 https://{endpoint}/; echo $?; done`."
            ),
            "Compare with the site's backup domain, or from another network: `curl -sv -m 10 https://BACKUP_DOMAIN/`.",
        ),
        remedy=(
            CURL,
            "If it happens always, ask those who run the firewall; if now and then, tell the service's support.",
        ),
        explains=("clock.blocked",),
    ),
}
