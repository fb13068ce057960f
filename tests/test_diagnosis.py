"""The diagnosis: which findings are causes, in which order, and what they explain."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.check import Finding, Settings, Spec
from imdoctor.config.model import Endpoint
from imdoctor.diagnosis import diagnose
from imdoctor.model import Severity

SETTINGS = Settings(endpoint=Endpoint("im.example.com"))


def spec(severity: Severity, *explains: str) -> Spec:
    """Return a Spec that says nothing but how grave it is and what it explains."""
    return Spec(severity, title="{host}", message="at {address}", why="", remedy=(), explains=explains)


SPECS: Mapping[str, Spec] = {
    "dns.slow": spec("warn", "probe.slow"),
    "dns.dead": spec("fail", "tcp.*", "tls.*"),
    "tcp.timeout": spec("fail", "tls.*"),
    "tls.expired": spec("fail"),
    "tls.expiring": spec("warn"),
    "probe.slow": spec("warn"),
    "probe.error": spec("fail"),
    "clock.skewed": spec("fail", "tls.expired", "probe.error"),
    "ring.one": spec("fail", "ring.two"),
    "ring.two": spec("fail", "ring.one"),
    "dns.note": spec("info", "tcp.*"),
}
A, B = "203.0.113.1", "203.0.113.2"


@pytest.mark.parametrize(
    ("findings", "blocked", "causes"),
    [
        pytest.param([], {}, [], id="nothing found"),
        pytest.param([Finding("dns.note")], {}, [], id="information is no cause"),
        pytest.param([Finding("tls.expired")], {}, ["tls.expired"], id="one fault, one cause"),
        pytest.param([Finding("dns.dead"), Finding("tcp.timeout")], {}, ["dns.dead"], id="explained by another"),
        pytest.param(
            [Finding("dns.dead"), Finding("tcp.timeout"), Finding("tls.expired")],
            {},
            ["dns.dead"],
            id="explained by way of another",
        ),
        pytest.param(
            [Finding("tls.expired"), Finding("probe.error")],
            {},
            ["tls.expired", "probe.error"],
            id="two faults, two causes",
        ),
        pytest.param(
            [Finding("tls.expiring"), Finding("probe.error")], {}, ["probe.error", "tls.expiring"], id="failures first"
        ),
        pytest.param(
            [Finding("probe.error"), Finding("tls.expired")],
            {"clock": "tls"},
            ["tls.expired", "probe.error"],
            id="what blocks goes first",
        ),
        pytest.param([Finding("tcp.timeout", A), Finding("tls.expired", A)], {}, ["tcp.timeout"], id="same address"),
        pytest.param(
            [Finding("tcp.timeout", A), Finding("tls.expired", B)],
            {},
            ["tcp.timeout", "tls.expired"],
            id="other address",
        ),
        pytest.param(
            [Finding("tcp.timeout", A), Finding("tls.expired")], {}, ["tcp.timeout"], id="one side without address"
        ),
        pytest.param(
            [Finding("tcp.timeout", A), Finding("tcp.timeout", B)],
            {},
            ["tcp.timeout"],
            id="one cause for many addresses",
        ),
        pytest.param(
            [Finding("clock.skewed", explains=()), Finding("tls.expired")],
            {},
            ["clock.skewed", "tls.expired"],
            id="data decides against",
        ),
        pytest.param(
            [Finding("dns.slow", explains=("tls.*",)), Finding("tls.expired")],
            {},
            ["tls.expired", "dns.slow"],
            id="a warning explains no failure",
        ),
        pytest.param(
            [Finding("tcp.timeout", severity="warn"), Finding("tls.expired", severity="warn")],
            {},
            ["tcp.timeout"],
            id="severity as found",
        ),
        pytest.param([Finding("ring.two"), Finding("ring.one")], {}, ["ring.two"], id="a ring has one cause"),
    ],
)
def test_causes(findings: list[Finding], blocked: dict[str, str], causes: list[str]) -> None:
    """A cause is a finding that nothing else present explains."""
    assert [cause.cause for cause in diagnose(findings, SPECS, blocked, SETTINGS)] == causes


def test_a_cause_tells_what_it_explains() -> None:
    """A failure explains the checks that it blocks, and what those block in turn."""
    (cause,) = diagnose([Finding("dns.dead"), Finding("tcp.timeout")], SPECS, {"tls": "tcp", "probe": "tls"}, SETTINGS)
    assert (cause.cause, cause.explains) == ("dns.dead", ["tcp.timeout", "tls.blocked", "probe.blocked"])


def test_addresses_and_evidence_are_joined() -> None:
    """Several addresses make one cause without an address, with the evidence of each."""
    (cause,) = diagnose(
        [Finding("tcp.timeout", A), Finding("tcp.timeout", B, because=("silence",))], SPECS, {}, SETTINGS
    )
    assert (cause.address, cause.because, cause.title) == (None, [f"at {A}", "silence"], "im.example.com")


@given(
    st.lists(st.sampled_from(sorted(SPECS)), max_size=8),
    st.dictionaries(st.sampled_from(["tcp", "tls"]), st.just("dns")),
)
def test_every_failure_has_a_cause(codes: list[str], blocked: dict[str, str]) -> None:
    """Where something failed there is a cause, failures come first, and no cause is explained by another."""
    causes = diagnose([Finding(code) for code in codes], SPECS, blocked, SETTINGS)
    graves = {SPECS[code].severity for code in codes} - {"info"}
    assert {cause.severity for cause in causes} <= graves
    assert bool(causes) == bool(graves)
    if "fail" in graves:
        assert causes[0].severity == "fail"
    explained = {code for cause in causes for code in cause.explains}
    assert not explained & {cause.cause for cause in causes}
