"""What the codes of the `probe` check mean."""

from collections.abc import Mapping

from imdoctor import Spec

CURL = "Repeat it by hand: `curl -sv -m 10 https://{endpoint}/`."
SUPPORT = "Tell the service's support the time, the SDKAppID and what you saw."

FINDINGS: Mapping[str, Spec] = {
    "probe.timeout": Spec(
        "fail",
        title="The call gets no answer",
        message="no answer to {request} within {timeout} s, twice",
        why="The connection stands and the request was sent; the answer does not come. The backend, or something that holds the "
        "connection on the way, is silent.",
        remedy=(CURL, "Call the site's backup domain ({backup}) to compare.", SUPPORT),
        explains=("probe.slow", "clock.blocked"),
    ),
    "probe.backend-timeout": Spec(
        "fail",
        title="The service's own backend timed out",
        message="the gateway answers 60008 ({error_info}) after {wait} s",
        why="The gateway is reached; what is behind it did not answer in its own 3 s. The code also means an error in the HTTP format.",
        remedy=("Try again later: the error passes by itself as a rule.", "Check the request's format.", SUPPORT),
        explains=("probe.slow",),
        confidence="certain",
    ),
    "probe.slow": Spec(
        "warn",
        title="The answer is slow",
        message="{seconds} s from sending to the first byte, twice; more than {limit} s",
        why="The connection is quick enough to be ruled out: the time passes behind the gateway, or in a proxy.",
        remedy=(
            "Measure by hand: `curl -s -o /dev/null -w '%{{time_starttransfer}}\\n' https://{endpoint}/`.",
            SUPPORT,
        ),
        confidence="likely",
    ),
    "probe.http-status": Spec(
        "fail",
        title="The answer is an HTTP error",
        message="{request} is answered with HTTP {status}{by}",
        why="The API answers HTTP 200 whatever the outcome; another status comes from a network error, or from something between.",
        remedy=(CURL, "See which server says it: the Server and Via headers name a proxy or balancer.", SUPPORT),
        confidence="certain",
    ),
    "probe.redirected": Spec(
        "fail",
        title="The call is redirected",
        message="{request} is answered with HTTP {status}, to {location}",
        why="The API redirects nowhere: a portal or proxy answers in its place.",
        remedy=(CURL, "Look at where it leads, and exempt {host} there."),
        confidence="certain",
    ),
    "probe.not-im": Spec(
        "fail",
        title="What answers is not the IM gateway",
        message="neither GET / nor a POST to the API is answered with an IM envelope ({detail})",
        why="The connection ends at another server: a wrong endpoint, a portal, or a proxy that answers itself.",
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
        remedy=("Log in to the network at {location}, or have this host exempted from the portal.",),
        explains=("tls.cert-*", "tls.chain-incomplete", "dns.bogon-answer"),
        confidence="likely",
    ),
    "probe.bad-envelope": Spec(
        "fail",
        title="The answer's envelope is broken",
        message="the answer to {request} is no proper envelope: {detail}",
        why="ActionStatus, ErrorInfo and ErrorCode do not stand there as documented: something rewrote the answer, or another API gave it.",
        remedy=(CURL, SUPPORT),
        confidence="certain",
    ),
    "probe.truncated": Spec(
        "fail",
        title="The answer is cut off",
        message="the answer to {request} ends before its announced end ({detail})",
        why="The connection was closed in the middle of the body: by the server, or by a proxy or firewall on the way.",
        remedy=(CURL, "Compare through another network path; look at limits of a proxy on the way.", SUPPORT),
        confidence="certain",
    ),
    "probe.too-large": Spec(
        "fail",
        title="The answer is far too large",
        message="the answer to {request} is larger than {limit} bytes",
        why="The API's answers to these calls are short: something else answers.",
        remedy=(CURL, "Check the endpoint against your site's domain."),
        confidence="certain",
    ),
    "probe.closed": Spec(
        "fail",
        title="The connection ends before any answer",
        message="{request} was sent, and the connection ended without a byte of an answer ({detail})",
        why="The handshake succeeds and the request is cut off: by a firewall that reads it, a proxy, or a server that is restarting.",
        remedy=(
            CURL,
            "If it happens always, ask those who run the firewall; if now and then, SUPPORT should know.".replace(
                "SUPPORT", "the support"
            ),
        ),
        explains=("clock.blocked",),
    ),
    "probe.rate-limited": Spec(
        "warn",
        title="The service limits the rate of calls",
        message="the gateway answers {error_code} ({error_info}): {meaning}",
        why="More calls were made than the limit allows, by all of this app's callers together.",
        remedy=("{advice}", "Wait for 60 s or more before the next try, and space the calls out."),
        confidence="certain",
        final=True,
    ),
    "probe.error-code": Spec(
        "fail",
        title="The service refuses the call",
        message="the gateway answers {error_code} ({error_info}): {meaning}",
        why="The call reached the service, and its own word is: {meaning}.",
        remedy=("{advice}",),
        confidence="certain",
        final=True,
    ),
    "probe.no-keepalive": Spec(
        "warn",
        title="No connection is kept open",
        message="every one of {calls} further calls needed a new connection",
        why="Each call pays for a connection and a handshake. A proxy on the way, or the server, closes after every answer.",
        remedy=(
            "See who closes: `curl -sv https://{endpoint}/ https://{endpoint}/ 2>&1 | grep -i -e connection -e re-using`.",
        ),
        confidence="certain",
    ),
    "probe.idle-drop": Spec(
        "warn",
        title="Idle connections die without a word",
        message="after {idle} s of rest the kept connection was dead ({error})",
        why="A middlebox forgets idle connections and drops what comes later: the next call on one meets silence.",
        remedy=(
            "Let the application's pool drop connections that rested longer than the middlebox allows, or send TCP keepalives.",
            "Raise the idle timeout of the firewall or NAT on the way.",
        ),
        confidence="certain",
    ),
    "probe.site-mismatch": Spec(
        "fail",
        title="The domain belongs to another site than the app",
        message="{said}",
        why="Each SDKAppID lives at one site, and only that site's domain answers for it.",
        remedy=("Use the domain of the site where the app was made: {advice}",),
        explains=("usersig.rejected",),
        confidence="certain",
        final=True,
    ),
    "probe.intermittent": Spec(
        "warn",
        title="Calls fail now and then",
        message="{failed} of {total} calls failed ({errors})",
        why="The same call succeeds and fails in turn.",
        remedy=(
            "Count by hand: `for i in $(seq 20); do curl -s -m 5 -o /dev/null -w '%{{http_code}}\\n' https://{endpoint}/; done`.",
            SUPPORT,
        ),
        confidence="certain",
    ),
}
