"""The `probe` check's judgement: how the call ended, what the answer is, and what the service says in it."""

from typing import Any

import pytest

from imdoctor.check import Settings
from imdoctor.config.model import Endpoint
from imdoctor.im.envelope import Envelope, EnvelopeFault
from imdoctor.net.call import Call
from imdoctor.net.ledger import Ledger
from imdoctor_checks.observations import ProbeCall, ProbeSeen
from imdoctor_checks.probe import Probe
from tests.checks.judging import HOST, codes, declared, findings

CHINA = Settings(endpoint=Endpoint(HOST), sdkappid=1400000000, identifier="administrator")
NO_JSON = EnvelopeFault(kind="not-json", detail="no JSON")
BAD = EnvelopeFault(kind="bad-fields", detail="ErrorCode is a string")


def call(
    code: int | None = 60002,
    *,
    authenticated: bool = False,
    fault: EnvelopeFault | None = None,
    wait: float = 0.05,
    **more: Any,
) -> ProbeCall:
    """Return one call: answered with an ErrorCode, or with a fault, or ended by an error."""
    request = "POST /v4/im_open_login_svc/account_check?usersig=***" if authenticated else "GET /"
    good = None if "error" in more or fault else Envelope(action_status=None, error_code=code or 0, error_info="text")
    made = Call(**{"request": request, "kind": "warm", "status": 200, "ledger": Ledger(wait=wait), **more})
    return ProbeCall(call=made, authenticated=authenticated, envelope=good, fault=fault)


def seen(first: ProbeCall, **more: Any) -> ProbeSeen:
    """Return an observation."""
    return ProbeSeen(**{"first": first, "warm": (call(), call()), **more})


def signed(code: int, **more: Any) -> ProbeCall:
    """Return an authenticated call answered with an ErrorCode."""
    return call(code, authenticated=True, **more)


OK = call()
ROWS = [
    pytest.param(seen(OK), [], id="60002 to an anonymous call is healthy"),
    pytest.param(seen(call(70001)), [], id="any envelope to an anonymous call is"),
    pytest.param(seen(signed(0)), [], id="0 to an authenticated call"),
    pytest.param(seen(signed(0, error="timeout"), second=OK), ["probe.timeout"], id="the authenticated call is silent"),
    pytest.param(seen(call(error="timeout"), second=call(error="timeout")), ["probe.timeout"], id="silence twice"),
    pytest.param(seen(call(error="timeout"), second=OK), ["probe.intermittent"], id="silence once"),
    pytest.param(seen(call(error="closed"), second=call(error="closed")), ["probe.closed"], id="closed"),
    pytest.param(seen(call(error="reset"), second=call(error="reset")), ["probe.closed"], id="reset"),
    pytest.param(seen(call(error="truncated"), second=call(error="truncated")), ["probe.truncated"], id="cut off"),
    pytest.param(seen(call(error="too-large"), second=call(error="too-large")), ["probe.too-large"], id="too large"),
    pytest.param(seen(call(error="bad-http"), second=call(error="bad-http")), ["probe.not-im"], id="no HTTP"),
    pytest.param(seen(call(status=502, fault=NO_JSON)), ["probe.http-status"], id="502 with a page"),
    pytest.param(seen(call(status=503)), ["probe.http-status"], id="503 with an envelope"),
    pytest.param(seen(call(status=299)), ["probe.http-status"], id="299"),
    pytest.param(
        seen(call(status=301, fault=NO_JSON, headers={"location": "https://x/"})), ["probe.redirected"], id="301"
    ),
    pytest.param(seen(call(status=511, fault=NO_JSON)), ["probe.captive-portal"], id="511"),
    pytest.param(seen(call(fault=NO_JSON), fallback=call(fault=NO_JSON)), ["probe.not-im"], id="no envelope, twice"),
    pytest.param(seen(call(fault=NO_JSON), fallback=call(60012)), [], id="no envelope at the root, one from the API"),
    pytest.param(seen(call(fault=BAD)), ["probe.bad-envelope"], id="a broken envelope"),
    pytest.param(
        seen(call(fault=NO_JSON), fallback=call(fault=BAD)), ["probe.bad-envelope"], id="a broken envelope from the API"
    ),
    pytest.param(seen(signed(60007)), ["probe.rate-limited"], id="60007"),
    pytest.param(seen(signed(60008, wait=3.2)), ["probe.backend-timeout"], id="60008"),
    pytest.param(seen(signed(60010)), ["probe.error-code"], id="60010"),
    pytest.param(seen(signed(61234)), ["probe.error-code"], id="a code that nobody knows"),
    pytest.param(seen(signed(60026)), ["probe.site-mismatch"], id="60026"),
    pytest.param(seen(signed(70016)), ["probe.site-mismatch"], id="70016"),
    pytest.param(seen(signed(70020)), ["probe.site-mismatch"], id="70020"),
    pytest.param(seen(signed(70009)), [], id="70009 is the usersig check's"),
    pytest.param(seen(call(wait=1.1), second=call(wait=1.2)), ["probe.slow"], id="over 1 s, twice"),
    pytest.param(seen(call(wait=1.1), second=call(wait=0.2)), [], id="over 1 s, once"),
    pytest.param(seen(call(wait=1.0), second=call(wait=1.0)), [], id="1 s"),
    pytest.param(seen(OK, reopened=2), ["probe.no-keepalive"], id="a new connection for every call"),
    pytest.param(seen(OK, reopened=1), [], id="a new connection once"),
    pytest.param(seen(OK, warm=(), reopened=0), [], id="no warm call was wanted"),
    pytest.param(seen(OK, warm=(OK, call(error="reset"))), ["probe.intermittent"], id="a warm call fails"),
    pytest.param(seen(OK, rest=60.0, idle=call(error="timeout")), ["probe.idle-drop"], id="dead after a rest"),
    pytest.param(seen(OK, rest=60.0, idle=call()), [], id="alive after a rest"),
    pytest.param(seen(OK, rest=60.0, idle=call(kind="cold")), [], id="ended with a word: a new connection serves"),
    pytest.param(
        ProbeSeen(blocked_by="tls", unverified=call(status=302, headers={"location": "http://portal.example/"})),
        ["probe.captive-portal"],
        id="a portal, unverified",
    ),
    pytest.param(
        ProbeSeen(blocked_by="tls", unverified=call(status=302, headers={"location": "/login"})),
        [],
        id="a redirect at home",
    ),
    pytest.param(ProbeSeen(blocked_by="tcp"), [], id="not reached"),
]


@pytest.mark.parametrize(("observed", "expected"), ROWS)
def test_judgement(observed: ProbeSeen, expected: list[str]) -> None:
    """Each code, and its neighbours."""
    assert codes(Probe(), observed, CHINA) == expected


def test_every_code_has_a_row() -> None:
    """No code of the check goes without a row."""
    named, all_of_them = declared(Probe(), ROWS)
    assert named == all_of_them


@pytest.mark.parametrize(
    ("wait", "confidence"),
    [(2.4, "possible"), (2.6, "certain")],
    ids=["well under 3 s: a format error as well", "near 3 s"],
)
def test_an_early_60008_is_only_possible(wait: float, confidence: str) -> None:
    """60008 also means a format error: what came early may be that."""
    (finding,) = findings(Probe(), seen(signed(60008, wait=wait)), CHINA)
    assert finding.confidence == confidence


@pytest.mark.parametrize(
    ("sdkappid", "host", "first", "expected"),
    [
        pytest.param(20000000, HOST, OK, ["probe.site-mismatch:warn"], id="Singapore's number, China's domain"),
        pytest.param(20000000, HOST, signed(0), [], id="but the service answered for it"),
        pytest.param(20000000, HOST, signed(60026), ["probe.site-mismatch"], id="and the service says so itself"),
        pytest.param(20000000, "adminapisgp.im.qcloud.com", OK, [], id="Singapore's number and domain"),
        pytest.param(20000000, "proxy.example", OK, [], id="a domain that is no site's"),
        pytest.param(None, HOST, OK, [], id="no SDKAppID"),
    ],
)
def test_the_site_by_range(sdkappid: int | None, host: str, first: ProbeCall, expected: list[str]) -> None:
    """A number that looks like another site's is a warning, unless the service has answered for it."""
    assert codes(Probe(), seen(first), Settings(endpoint=Endpoint(host), sdkappid=sdkappid)) == expected


@pytest.mark.parametrize(
    ("sdkappid", "advice"),
    [
        pytest.param(20000000, "looks like one of Singapore (adminapisgp.im.qcloud.com)", id="another site's number"),
        pytest.param(1400000000, "the console shows its data centre", id="a number of the very site"),
    ],
)
def test_the_advice_never_names_the_domain_that_refused(sdkappid: int, advice: str) -> None:
    """The number leads to another site's domain; where it speaks for the one that was asked, the console has the last word."""
    settings = Settings(endpoint=Endpoint(HOST), sdkappid=sdkappid)
    (found,) = findings(Probe(), seen(signed(60026)), settings)
    assert advice in found.data["advice"]
