"""Reports as literals: one for each shape that a rendering has to cope with."""

import msgspec
from hypothesis import strategies as st
from msgspec.structs import replace

from imdoctor.model import (
    Attempt,
    Cause,
    CheckReport,
    HostReport,
    Measurement,
    Report,
    ReportedFinding,
    Status,
    TargetReport,
    exit_code,
    worst,
)

HOST = HostReport(name="web-1", system="Linux 6.1.0", python="3.11.2", openssl="OpenSSL 3.0.15")


def check(
    name: str,
    status: Status = "ok",
    summary: str = "",
    seconds: float | None = None,
    *,
    blocked_by: str | None = None,
    findings: tuple[ReportedFinding, ...] = (),
    measurements: tuple[Measurement, ...] = (),
    attempts: tuple[Attempt, ...] = (),
    notes: tuple[str, ...] = (),
    observation: object = None,
) -> CheckReport:
    """Return a check's report."""
    return CheckReport(
        name=name,
        step=None,
        status=status,
        blocked_by=blocked_by,
        summary=summary,
        duration_seconds=seconds,
        findings=list(findings),
        measurements=list(measurements),
        attempts=list(attempts),
        notes=list(notes) or msgspec.UNSET,
        observation=observation,
    )


def target(name: str, status: Status, checks: tuple[CheckReport, ...], *causes: Cause) -> TargetReport:
    """Return a target's report."""
    return TargetReport(
        name=name,
        endpoint="console.tim.qq.com:443",
        status=status,
        settings={},
        diagnosis=list(causes),
        checks=list(checks),
    )


def report(*targets: TargetReport) -> Report:
    """Return a run's report."""
    status = worst(item.status for item in targets)
    return Report(
        imdoctor="0.1.0",
        started_at="2026-03-01T12:00:00.000Z",
        duration_seconds=0.184,
        status=status,
        exit_code=exit_code(status, fail_on_warn=False),
        host=HOST,
        targets=list(targets),
    )


HEALTHY_CHECKS = (
    check("client", "skipped", "the configuration says nothing of the application (targets: client:)", 0.0000021),
    check("dns", "ok", "1 of 1 nameservers answers, 183.60.83.19 in 2.1 ms", 0.0042),
    check("tcp", "ok", "2 of 2 addresses are reached in 21 ms or less", 0.0213),
    check("tls", "ok", "TLSv1.3 with *.tim.qq.com by DigiCert, valid for 211 days", 0.0452),
    check("probe", "ok", "ErrorCode 0 in 24 ms; 22 ms on the kept connection", 0.1834),
    check("clock", "ok", "between -0.6 s and +0.5 s off", None),
)
HEALTHY = target("prod", "ok", HEALTHY_CHECKS)

EXPIRED = Cause(
    cause="tls.cert-expired",
    severity="fail",
    confidence="certain",
    address="203.0.113.7",
    title="The certificate has expired",
    why="The server shows a certificate whose last day is past. No client that verifies certificates goes on from here.",
    remedy=[
        "Look by hand: `openssl s_client -connect 203.0.113.7:443 -servername console.tim.qq.com </dev/null | openssl x509 -noout -dates`.",
        "Check this host's clock: `date -u`.",
        "Call the backup domain meanwhile: adminapi.my-imcloud.com.",
    ],
    because=[
        "203.0.113.7 shows CN=*.tim.qq.com, valid until 2026-01-31T23:59:59Z",
        "the clock is within 0.6 s of the server's",
    ],
    explains=["probe.blocked"],
    ruled_out=["clock.skewed", "tls.intercepted"],
)
SHORT = Cause(
    cause="client.timeout-too-short",
    severity="warn",
    confidence="certain",
    address=None,
    title="The application's timeout is too short",
    why="The IM backend's own timeout is 3 s.",
    remedy=["Set the application's timeout for a call to more than 3 s: 5 s is a good value."],
    because=[],
    explains=[],
    ruled_out=[],
)
EXPIRED_CHECKS = (
    check(
        "dns",
        "ok",
        "1 of 1 nameservers answers",
        0.0042,
        notes=(
            "this host -> 183.60.83.19 (cloud-internal: Tencent Cloud), answers in 4.2 ms",
            "  -> 119.147.10.2: 中国 广东省 深圳市 电信 AS4134 (by xdb); shown by TXT whoami.ds.akahelp.net, 4 samples, 12.1 ms",
        ),
        findings=(
            ReportedFinding(
                code="dns.private-resolver",
                severity="info",
                address="183.60.83.19",
                message="183.60.83.19 is the cloud's own resolver",
            ),
        ),
    ),
    check(
        "tls",
        "fail",
        "203.0.113.7: expired on 2026-01-31",
        1.2345,
        findings=(
            ReportedFinding(
                code="tls.cert-expired",
                severity="fail",
                address="203.0.113.7",
                message="203.0.113.7: expired on 2026-01-31",
            ),
        ),
        measurements=(
            Measurement("handshake", 0.0121, "seconds", {"address": "203.0.113.7"}),
            Measurement("resumed", None, "seconds"),
            Measurement("certificate_expires_in", -2505600.0, "seconds", {"address": "203.0.113.7"}),
        ),
        attempts=(Attempt(status="fail", findings=[]),),
        observation={
            "addresses": [{"address": "203.0.113.7", "version": "TLSv1.3", "alpn": None, "chain": ["MII" + "x" * 300]}],
            "blocked_by": None,
        },
    ),
    check("probe", "blocked", "not asked: tls stands in the way", 0.0, blocked_by="tls"),
)
FAILED = target("prod", "fail", EXPIRED_CHECKS, EXPIRED)

HOSTILE = (
    "<script>alert(1)</script><!-- --> &amp; ]]> '\" {x} @everyone #1 `| x` ``` |2| [a](javascript:b) ![c](http://d.example/e)"
    " https://f.example www.g.example ** __ ~~ $h$ % %0A\r\n::error title=i::j\n# k\n- l\n1. m\x00\x1b[31m\u202e\ufffe '=1;2|n=3"
    " [[ATTACHMENT|/etc/passwd]]"
)
"""What a server may say to have it taken for something else."""
HOSTILE_FINDING = ReportedFinding(code="tls.cert-hostname", severity="fail", address="<i>|", message=HOSTILE)
HOSTILE_TARGET = replace(
    target(
        "<b>|@x`",
        "fail",
        (
            check("dns", "warn", HOSTILE, 0.0042, findings=(replace(HOSTILE_FINDING, severity="warn"),)),
            check(
                "tls",
                "fail",
                HOSTILE,
                0.0452,
                findings=(HOSTILE_FINDING,),
                measurements=(Measurement("handshake", 0.0121, "seconds", {"address": "a='|"}, warn=(0.0, 1.0)),),
                attempts=(Attempt(status="fail", findings=[HOSTILE_FINDING]),),
            ),
            check("probe", "blocked", HOSTILE, None, blocked_by="tls"),
        ),
        Cause(
            cause="tls.cert-hostname",
            severity="fail",
            confidence="possible",
            address="<i>|",
            title=HOSTILE,
            why=HOSTILE,
            remedy=[HOSTILE, "Look: `curl -v https://console.tim.qq.com | head -1`."],
            because=[HOSTILE, "it shows `a | b`"],
            explains=["probe.blocked"],
            ruled_out=[],
        ),
    ),
    endpoint='h"&|*:443',
)

LEDGER = {"resolve": 0.0031, "connect": 0.0213, "handshake": 0.0452, "send": 0.0004, "wait": 0.0241, "receive": 0.0002}


def call(kind: str, **phases: float | None) -> tuple[Measurement, ...]:
    """Return a call's measurements, as the probe's ledger gives them."""
    labels = {"call": kind}
    times = [value for value in phases.values() if value is not None]
    taken = [
        Measurement(name, phases.get(name), "seconds", labels, **({"warn": (0.0, 1.0)} if name == "wait" else {}))
        for name in LEDGER
    ]
    return (*taken, Measurement("total", sum(times) + 0.0009, "seconds", labels))


TIMED = target(
    "prod",
    "warn",
    (
        check(
            "dns",
            "ok",
            "2 resolvers (public), 1 address, 3 ms",
            0.0042,
            measurements=(
                Measurement("lookup", 0.0031, "seconds", {"server": "119.29.29.29", "type": "A"}, warn=(0.0, 0.2)),
                Measurement("lookup", None, "seconds", {"server": "119.29.29.29", "type": "AAAA"}, warn=(0.0, 0.2)),
            ),
        ),
        check(
            "tls",
            "warn",
            "valid 12 days",
            0.0452,
            findings=(
                ReportedFinding(
                    code="tls.cert-expiring", severity="warn", address="203.0.113.7", message="12 days are left"
                ),
            ),
            measurements=(
                Measurement(
                    "certificate_expires_in",
                    1036800.0,
                    "seconds",
                    {"address": "203.0.113.7"},
                    warn=(1814400.0, None),
                    fail=(0.0, None),
                ),
            ),
        ),
        check(
            "probe",
            "ok",
            "0 to account_check: cold 95.2 ms, warm 24.9 ms",
            0.1834,
            measurements=(
                *call("cold", **LEDGER),
                *call("warm", send=0.0003, wait=0.0236, receive=0.0001),
                *call("warm", send=0.0002, wait=0.0236, receive=0.0001),
                Measurement("bytes", 73.0, "bytes"),
                Measurement("lost", 0.25, "ratio"),
            ),
        ),
        check("clock", "ok", "", 0.03, measurements=(Measurement("offset_low", -0.5, "seconds", warn=(None, 30.0)),)),
    ),
    replace(EXPIRED, cause="tls.cert-expiring", severity="warn", title="The certificate expires soon", explains=[]),
)

REPORTS: dict[str, Report] = {
    "healthy": report(HEALTHY),
    "one-cause": report(FAILED),
    "two-causes": report(
        target(
            "prod",
            "fail",
            (check("client", "warn", "the application gives up after 2.0 s", 0.0001), *EXPIRED_CHECKS),
            EXPIRED,
            SHORT,
        )
    ),
    "unknown": report(
        target(
            "default",
            "unknown",
            (
                check(
                    "dns",
                    "unknown",
                    "a defect in the check dns, not in the target: KeyError while observing ('x')",
                    0.01,
                ),
                check("tcp", "blocked", "not asked: dns stands in the way", 0.01, blocked_by="dns"),
                check("a-check-with-a-very-long-name-from-elsewhere", "ok", "", None),
            ),
        )
    ),
    "several": report(HEALTHY, replace(FAILED, name="test"), target("empty", "unknown", ())),
    "none": report(),
    "timed": report(TIMED),
    "unanswered": report(
        target(
            "default",
            "unknown",
            (
                check("tcp", "ok", "2 of 2 addresses reached", 0.01),
                check("probe", "blocked", "not asked: tls stands in the way", None, blocked_by="tls"),
            ),
        )
    ),
    "hostile": report(HOSTILE_TARGET),
    "chinese": report(
        target(
            "生产环境",
            "fail",
            (
                check(
                    "probe",
                    "fail",
                    "网关应答：账号或签名错误，请检查标识符与签名是否匹配，并确认所用密钥属于该应用，且仍在有效期之内；签名由另一应用的密钥生成。",
                    0.05,
                ),
            ),
            replace(
                EXPIRED,
                cause="probe.error-code",
                title="网关拒绝了这次调用",
                why="签名由另一应用的密钥生成，因此网关拒绝了这次调用。" * 4,
                because=["网关应答：\u202e70009\x1b[31m\r\n红色"],
            ),
        )
    ),
}

ANY_TEXT = st.text(st.characters(exclude_categories=()), min_size=1).filter(str.strip)
"""Whatever a server may say, half a character included."""


def anything(text: str) -> Report:
    """Return a report that has a text wherever one can stand."""
    cause = replace(EXPIRED, cause=text, title=text, why=text, because=[text], remedy=[text], address=text)
    findings = [replace(item, code=text, message=text, address=text) for item in EXPIRED_CHECKS[1].findings]
    checks = tuple(replace(item, name=text, summary=text) for item in EXPIRED_CHECKS)
    checks = (*checks, replace(EXPIRED_CHECKS[1], findings=findings))
    whole = report(replace(target(text, "fail", checks, cause), endpoint=text))
    return replace(whole, host=replace(HOST, name=text))
