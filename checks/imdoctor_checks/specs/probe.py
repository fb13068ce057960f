"""What the codes of the `probe` check mean."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.probe_answers import ANSWERS
from imdoctor_checks.specs.sentences import CURL, SUPPORT

AGAIN = (
    "Repeat the application's own call. Write its URL into url.txt and its body into body.json, which keeps the "
    "usersig out of the list of processes: `sed 's/^/url = /' url.txt | curl -sm 10 -d @body.json -K -`."
)
TWENTY = "Count by hand: `for i in $(seq 20); do curl -s -m 5 -o /dev/null -w '%{{http_code}}\\n' https://{endpoint}/; done`."
KEEPS = "See who closes: `curl -sv https://{endpoint}/ https://{endpoint}/ 2>&1 | grep -i -e connection -e re-using`."


FINDINGS: Mapping[str, Spec] = {
    "probe.timeout": Spec(
        "fail",
        title="The call gets no answer",
        message="no answer to {request} within {timeout} s, twice",
        why="The connection stands and the request was sent; the answer does not come. The backend, or something that holds the "
        "connection on the way, is silent.",
        causes=(
            "The service's backend is overloaded or out of order.",
            "A firewall, a proxy or a gateway for NAT on the way holds the connection, and passes nothing on.",
            "The network is lost between the handshake and the answer.",
        ),
        confirm=(
            CURL,
            (
                "Wait longer, and see whether an answer comes at last: `curl -so /dev/null -m 60 -w "
                "'%{{http_code}} after %{{time_starttransfer}} s\\n' https://{endpoint}/`."
            ),
            "Compare with the site's backup domain: `curl -sv -m 10 https://{backup}/`.",
        ),
        remedy=(CURL, "Call the site's backup domain ({backup}) to compare.", SUPPORT),
        explains=("probe.slow", "clock.blocked"),
    ),
    "probe.backend-timeout": Spec(
        "fail",
        title="The service's own backend timed out",
        message="the gateway answers 60008 ({error_info}) after {wait} s",
        why="The gateway is reached; what is behind it did not answer in its own 3 s. The code also means an error in the HTTP format.",
        causes=(
            "The service's backend is overloaded or has an incident: it passes.",
            "The request's format is wrong: the URL, or the body.",
        ),
        confirm=(
            (
                "Time the application's own call, with its URL in url.txt and its body in body.json: `sed "
                "'s/^/url = /' url.txt | curl -sm 10 -w '%{{time_total}}\\n' -d @body.json -K -`. At about 3 s it "
                "is the backend, at once it is the format."
            ),
            "Look for mistakes in the request: `imdoctor lint --file url.txt`.",
        ),
        remedy=("Try again later: the error passes by itself as a rule.", "Check the request's format.", SUPPORT),
        explains=("probe.slow",),
        confidence="certain",
    ),
    "probe.slow": Spec(
        "warn",
        title="The answer is slow",
        message="{seconds} s from sending to the first byte, twice; more than {limit} s",
        why="The connection is quick enough to be ruled out: the time passes behind the gateway, or in a proxy.",
        causes=(
            "The service is busy, or the call asks for much.",
            "A proxy, or a box that inspects traffic, reads the whole answer before it passes it on.",
            "The domain is that of a far site.",
        ),
        confirm=(
            (
                "Measure a few times: `for i in $(seq 10); do curl -so /dev/null -m 30 -w '%{{time_appconnect}} "
                "%{{time_starttransfer}}\\n' https://{endpoint}/; done`. The difference is the wait."
            ),
            "See whether a proxy is in the way: `curl -sI https://{endpoint}/ | grep -i -e ^via: -e ^server:`.",
        ),
        remedy=(
            "Measure by hand: `curl -s -o /dev/null -w '%{{time_starttransfer}}\\n' https://{endpoint}/`.",
            SUPPORT,
        ),
        confidence="likely",
    ),
    **ANSWERS,
    "probe.rate-limited": Spec(
        "warn",
        title="The service limits the rate of calls",
        message="the gateway answers {error_code} ({error_info}): {meaning}",
        why="More calls were made than the limit allows, by all of this app's callers together.",
        causes=(
            "A loop, a batch job or a retry without a pause calls faster than the limit allows.",
            "Several hosts call at once, each of them within the limit.",
            "The plan's limit is low: the Trial Edition has a cap for 24 hours.",
        ),
        confirm=(
            "Look the code up: `imdoctor explain {error_code}`.",
            (
                "Let every caller rest for a minute, and make one call. With its URL in url.txt and its body in "
                "body.json: `sed 's/^/url = /' url.txt | curl -sm 10 -d @body.json -K -`. If it succeeds, it was "
                "the rate."
            ),
        ),
        remedy=(
            "{advice}",
            "See all that is known of the code: `imdoctor explain {error_code}`.",
            "Wait for 60 s or more before the next try, and space the calls out.",
        ),
        confidence="certain",
        final=True,
    ),
    "probe.error-code": Spec(
        "fail",
        title="The service refuses the call",
        message="the gateway answers {error_code} ({error_info}): {meaning}",
        why="The call reached the service, which refused it. What the code means: {meaning}",
        causes=(
            "A parameter of the URL, or a field of the body, is not as the command's document has it.",
            "The account is no admin, or is not known to the app.",
            "The app's plan or its settings do not allow the call.",
        ),
        confirm=(
            "Look the code up: `imdoctor explain {error_code}`.",
            AGAIN,
            "Look for mistakes in the URL: `imdoctor lint --file url.txt`.",
        ),
        remedy=(
            "{advice}",
            "See all that is known of the code: `imdoctor explain {error_code}`.",
        ),
        confidence="certain",
        final=True,
    ),
    "probe.no-keepalive": Spec(
        "warn",
        title="No connection is kept open",
        message="every one of {calls} further calls needed a new connection",
        why="Each call pays for a connection and a handshake. A proxy on the way, or the server, closes after every answer.",
        causes=(
            "A proxy on the way, or a balancer, closes after every answer.",
            "Keep-alive is switched off at the server, or HTTP/1.0 is spoken.",
            "The time for which an idle connection is kept is next to nothing.",
        ),
        confirm=(KEEPS,),
        remedy=(
            KEEPS,
            "Let the proxy or the balancer keep connections open, and let the application speak HTTP/1.1 with keep-alive.",
        ),
        confidence="certain",
        step=5,
    ),
    "probe.idle-drop": Spec(
        "warn",
        title="Idle connections die without a word",
        message="after {idle} s of rest the kept connection was dead ({error})",
        why="A middlebox forgets idle connections and drops what comes later: the next call on one meets silence.",
        causes=(
            "A gateway for NAT or a firewall forgets connections that rest longer than its own limit.",
            "A load balancer closes them after its idle timeout, and the word of it is lost.",
        ),
        confirm=(
            (
                "Send a request, rest, and send another on the same connection; two answers say that it lives: "
                "`(printf 'GET / HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n'; sleep {idle}; printf 'GET / "
                "HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n'; sleep 5) | openssl s_client -quiet -no_ign_eof -connect {endpoint} "
                "-servername {host}`."
            ),
            (
                "See how long the application's own connections have rested, and whether keepalives are on: `ss "
                "-tnoi state established dport = :{port}`."
            ),
        ),
        remedy=(
            "Let the application's pool drop connections that rested longer than the middlebox allows, or send TCP keepalives.",
            "Raise the idle timeout of the firewall or NAT on the way.",
        ),
        confidence="certain",
        step=5,
    ),
    "probe.site-mismatch": Spec(
        "fail",
        title="The domain belongs to another site than the app",
        message="{said}",
        why="Each SDKAppID lives at one site, and only that site's domain answers for it.",
        causes=(
            (
                "The domain was taken from an example, or is the China site's by default, and the app was made "
                "at another site."
            ),
            "The SDKAppID is that of another environment, whose app lives elsewhere.",
            "The SDKAppID is mistyped.",
        ),
        confirm=(
            (
                "See which site the number looks like one of, by ranges that stand in no document: `imdoctor run {host} "
                "--sdkappid {sdkappid} --check probe`; the console shows the app's data centre."
            ),
            (
                "Repeat the application's own call at another site's domain, with its URL in url.txt and its "
                "body in body.json: `sed 's#//[^/]*#//OTHER_DOMAIN#; s/^/url = /' url.txt | curl -sm 10 -d "
                "@body.json -K -`."
            ),
        ),
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
        causes=(
            "Several machines stand behind the domain, and one of them is out of order.",
            "The service, or a box on the way, is overloaded at times.",
            "Packets are lost on the way.",
        ),
        confirm=(
            TWENTY,
            (
                "Try each address by itself: `for a in $(getent ahostsv4 {host} | awk '{{print $1}}' | sort -u); "
                'do curl -so /dev/null -m 5 -w "$a %{{http_code}} %{{time_total}}\\n" --resolve {endpoint}:$a '
                "https://{endpoint}/; done`."
            ),
        ),
        remedy=(
            TWENTY,
            SUPPORT,
        ),
        confidence="certain",
    ),
}
