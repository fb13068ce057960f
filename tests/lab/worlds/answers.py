"""Faults of the answer: HTTP, the envelope, and every error code of the documents."""

from typing import Any

from imdoctor.lab.gateway import Answering
from imdoctor.lab.world import Credentials
from tests.lab.model import GATEWAY, Server, World
from tests.lab.truth import ANSWERS, curl, error_code, file_says

HTML = "<html><head><title>Welcome</title></head></html>"
PORTAL = "https://portal.example.net/login"


def answering(name: str, title: str, says: str, *, curl_arguments: str = "", **how: Any) -> World:
    """Return a world whose gateway answers so; its code is the name's first part."""
    server = Server(answering=Answering(**how))
    return World(
        name=name,
        title=title,
        expect=(name.partition("/")[0],),
        servers={GATEWAY: server},
        truth=(curl(says, arguments=curl_arguments),),
    )


def by_nginx(name: str, title: str, lines: str, says: str) -> World:
    """Return a world whose nginx answers by itself."""
    server = Server(nginx=("ssl_protocols TLSv1.2 TLSv1.3;", lines))
    return World(
        name=name, title=title, expect=(name.partition("/")[0],), servers={GATEWAY: server}, truth=(curl(says),)
    )


HTTP = (
    by_nginx(
        "probe.http-status/502",
        "HTTP 502 with nginx's own page",
        "location / { proxy_pass http://127.0.0.1:9; }",
        "502 Bad Gateway",
    ),
    by_nginx("probe.http-status/503", "HTTP 503 with nginx's own page", "location / { return 503; }", "503 Service"),
    by_nginx(
        "probe.http-status/404",
        "HTTP 404: another web server altogether",
        "location / { return 404; }",
        "404 Not Found",
    ),
    answering("probe.http-status/502-envelope", "HTTP 502 with an envelope", "502(?s:.*)ErrorCode", status=502),
    answering("probe.http-status/503-envelope", "HTTP 503 with an envelope", "503(?s:.*)ErrorCode", status=503),
    by_nginx("probe.redirected/portal", "301 to a portal", f"location / {{ return 301 {PORTAL}; }}", "301 Moved"),
    answering("probe.captive-portal/511", "HTTP 511: a login is wanted", "511", status=511, body=HTML),
    answering("probe.not-im/html", "200 with HTML", "<title>Welcome", body=HTML),
    answering(
        "probe.not-im/other-json", "200 with another API's JSON", '"code":0', body='{"code":0,"message":"ok","data":{}}'
    ),
    answering("probe.not-im/garbage", "Bytes that are no HTTP", "HTTP/0.9|no HTTP|unsupported", garbage=True),
    answering(
        "probe.bad-envelope/string",
        "ErrorCode is a string",
        '"ErrorCode":"0"',
        body='{"ActionStatus":"OK","ErrorCode":"0","ErrorInfo":""}',
    ),
    answering(
        "probe.truncated/half", "The body is cut off", "transfer closed|unexpected eof|bytes remaining", truncated=True
    ),
    answering("probe.timeout/silent", "No answer to the request", "timed out", silent=True),
    answering("probe.timeout/slow-body", "A byte a second", "timed out", rest=1.0),
    answering(
        "probe.too-large/10-mb",
        "A body of 10 MB",
        "200 10000000",
        curl_arguments="-o /dev/null -w '%{http_code} %{size_download}'",
        body_bytes=10_000_000,
    ),
    answering(
        "probe.closed/no-answer",
        "The connection ends without an answer",
        "Empty reply|unexpected eof",
        close_unanswered=True,
    ),
    answering(
        "probe.no-keepalive/close", "Connection: close on every answer", "(?i)connection: close", close_always=True
    ),
    answering(
        "probe.slow/1.3-s",
        "The backend takes 1.3 s",
        r"first byte 1\.[3-9]",
        curl_arguments="-w 'first byte %{time_starttransfer}'",
        delay=1.3,
    ),
    World(
        name="probe.site-mismatch/by-number",
        title="The SDKAppID looks like one of Singapore's, the domain is China's, and nobody signs in",
        expect=("probe.site-mismatch",),
        sure={"probe.site-mismatch": "possible"},
        credentials=Credentials(kind="none", identifier=""),
        target={"sdkappid": 20000001},
        truth=(ANSWERS, file_says("imdoctor.yaml", "20000001")),
    ),
    World(
        name="probe.backend-timeout/3.2-s",
        title="60008 after 3.2 s",
        expect=("probe.backend-timeout",),
        servers={GATEWAY: Server(answering=Answering(error_code=60008, delay=3.2))},
        credentials=Credentials(kind="usersig"),
        truth=(ANSWERS, error_code(60008)),
    ),
)

REST = (
    *(80001, 60002, 60003, 60004, 60005, 60006, 60009, 60010, 60012, 60013, 60014, 60015, 60016, 60017, 60020, 60021),
    *(60025, 60027, 70051, 70107, 70114, 70169, 70202, 70346, 70347, 70398, 70402, 70403, 70500),
    61234,  # a code that stands in no document
)
RATE = (60007, 60011, 60018, 60019, 60028, 70050)
SITE = (60026, 70016, 70020)
REJECTED = (70001, 70002, 70003, 70004, 70005, 70006, 70007, 70008, 70010, 70011, 70012, 70015, 70052)
OTHERS = {
    60008: "probe.backend-timeout",
    70009: "usersig.wrong-key",
    70013: "usersig.identifier-mismatch",
    70014: "usersig.sdkappid-mismatch",
}
MEANT = {
    **dict.fromkeys(REST, "probe.error-code"),
    **dict.fromkeys(RATE, "probe.rate-limited"),
    **dict.fromkeys(SITE, "probe.site-mismatch"),
    **dict.fromkeys(REJECTED, "usersig.rejected"),
    **OTHERS,
}
"""What each error code is a case of (contract §6). 70009's wrong key is the server's word: here the signature fits."""


def coded(code: int, meant: str) -> World:
    """Return a world whose gateway answers the authenticated call with an error code."""
    return World(
        name=f"api/{code}",
        title=f"The service answers {code}",
        expect=(meant,),
        servers={GATEWAY: Server(answering=Answering(error_code=code))},
        credentials=Credentials(kind="usersig"),
        truth=(ANSWERS, error_code(code)),
    )


API = tuple(coded(code, meant) for code, meant in sorted(MEANT.items()))
