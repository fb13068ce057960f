"""The judgement of handshakes: what the certificate, the error and the later looks say together."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Any

from imdoctor import Finding, Settings, say
from imdoctor.check import is_address
from imdoctor.model import Confidence
from imdoctor.net.certificate import Certificate
from imdoctor.net.handshake import X509_EXPIRED, X509_NOT_YET, Handshake
from imdoctor_checks.observations import (
    BackupLook,
    ClockSeen,
    Elsewhere,
    ProbeSeen,
    SmallRequest,
    TlsAddress,
    TlsSeen,
    bounds,
)
from imdoctor_checks.verdicts.elsewhere import told

DAY = 86400.0
SLOW = 1.0
"""Seconds (contract of tls.slow)."""
WEAK_RSA = 2048
"""Bits below which an RSA key is weak (NIST SP 800-57)."""
OLD = {"SSLv3", "TLSv1", "TLSv1.1"}
X509_WEAK = {66, 67, 68}
"""OpenSSL's X509_V_ERR_ codes for a key or a signature that is too weak for this host."""
X509_NO_ISSUER = {2, 18, 19, 20, 21}
"""OpenSSL's X509_V_ERR_ codes for a chain that leads to nothing trusted."""
ENDINGS = {"timeout": "tls.timeout", "reset": "tls.reset", "closed": "tls.closed"}
DIRECT = {
    "not-tls": "tls.not-tls",
    "protocol-version": "tls.protocol-version",
    "no-shared-cipher": "tls.no-shared-cipher",
}
INSPECTORS = re.compile(
    r"zscaler|forti(net|gate)|palo alto|sophos|blue ?coat|symantec web|check ?point|sangfor|深信服|umbrella|mcafee|skyhigh|netskope"
    r"|kaspersky|avast|eset\b|bitdefender|mitmproxy|charles proxy|fiddler|portswigger|squid|websense|forcepoint|barracuda|watchguard"
    r"|\bssl inspect|\btls inspect|hillstone|奇安信|qianxin|360 ?(safe|天擎)",
    re.IGNORECASE,
)
"""Names under which products that inspect TLS issue their certificates."""


def judge_path(
    path: TlsAddress, seen: TlsSeen, settings: Settings, clock: ClockSeen | None, expiring: float
) -> Iterator[Finding]:
    """Judge one path on which a handshake was tried."""
    shake, now = path.handshake, seen.now or 0.0
    if shake is None:
        return
    if path.after or (shake.client_certificate_requested and shake.error not in {None, "verify", "timeout"}):
        error = path.after or shake.alert or shake.error
        because = (say("{where}: a CertificateRequest was seen, then {error}", where=_where(path), error=error),)
        yield Finding("tls.client-cert-required", path.address, {"error": error}, because=because)
    elif shake.error is None:
        yield from _good(path, shake, now, settings, expiring)
    elif shake.error == "verify":
        yield from _unverified(path, shake, seen, settings, clock)
    elif shake.error in ENDINGS:
        yield _cut(path, shake)
        if path.again is not None and path.again.error == "verify":
            yield from _unverified(path, path.again, seen, settings, clock)
    else:
        yield _refused(path, shake)


def judge_together(paths: Sequence[TlsAddress], settings: Settings) -> Iterator[Finding]:
    """Judge whether the addresses answer alike; certificates of the same names by the same issuer are alike."""
    del settings
    good = [path.address for path in paths if path.handshake and path.handshake.error is None and not path.after]
    bad = [path.address for path in paths if path.address not in good]
    if good and bad:
        yield Finding("tls.addresses-differ", data={"good": good, "bad": bad})


def _where(path: TlsAddress) -> str:
    return path.address or say("through the proxy")


def _good(path: TlsAddress, shake: Handshake, now: float, settings: Settings, expiring: float) -> Iterator[Finding]:
    times = [one.seconds for one in (shake, path.again) if one is not None and one.seconds is not None]
    if path.again is not None and min(times) > SLOW:
        yield Finding("tls.slow", path.address, {"seconds": min(times)})
    for weakness in _weaknesses(shake):
        yield Finding("tls.weak", path.address, {"weakness": weakness})
    leaf = shake.chain[0] if shake.chain else None
    if leaf is not None and leaf.not_after is not None and 0 < leaf.not_after - now <= expiring:
        yield Finding(
            "tls.cert-expiring", path.address, {"subject": leaf.subject, "days": (leaf.not_after - now) // DAY}
        )
    local = path.reference is not None and path.reference.passes is False and path.reference.holds_issuer is False
    if local and leaf is not None and not settings.ca_file:
        authority = shake.chain[-1].issuer
        told_by = say(
            "{where}: issued by {issuer}; trusted by this host's store, unknown to {store}",
            where=_where(path),
            issuer=leaf.issuer,
            store=_store(path),
        )
        because = (told_by,)
        data = {"authority": authority, "known_as": say("an authority that was installed on this host")}
        yield Finding("tls.intercepted", path.address, data, severity="warn", confidence="likely", because=because)


def _store(path: TlsAddress) -> str:
    return path.reference.store if path.reference else say("the reference store")


def _weaknesses(shake: Handshake) -> Iterator[str]:
    if shake.version in OLD:
        yield say("the version is {version}", version=shake.version)
    for certificate in shake.chain[:1]:
        bits = certificate.key.removeprefix("RSA ")
        if certificate.key.startswith("RSA ") and int(bits) < WEAK_RSA:
            yield say("the certificate's key is {key}", key=certificate.key)
    for certificate in shake.chain:
        if certificate.signature in {"sha1", "md5"} and not certificate.self_signed:
            about = {"subject": certificate.subject, "signature": certificate.signature}
            yield say("the certificate of {subject} is signed with {signature}", **about)


def _unverified(
    path: TlsAddress, shake: Handshake, seen: TlsSeen, settings: Settings, clock: ClockSeen | None
) -> Iterator[Finding]:
    """Judge a chain that did not verify: OpenSSL tells its first objection only, the leaf itself tells the others."""
    if not shake.chain:
        yield _untrusted(path, shake, None)
        return
    if shake.verify_code in X509_WEAK:
        because = (say("{who}: {told}", who=_where(path), told=shake.verify_message),)
        weakness = say("this host refuses it ({why}): {key}", why=shake.verify_message, key=shake.chain[0].key)
        yield Finding("tls.weak", path.address, {"weakness": weakness}, severity="fail", because=because)
        return
    leaf = shake.chain[0]
    found = [*_dates(path, shake, seen.now or 0.0, clock), *_name(path, leaf, settings)]
    if shake.verify_code in X509_NO_ISSUER or not found:
        found = [_trust(path, shake, seen.elsewhere), *found]
    yield from found


def _dates(path: TlsAddress, shake: Handshake, now: float, clock: ClockSeen | None) -> Iterator[Finding]:
    """Judge the dates by the host's clock; the server's clock, where it is known, says how sure that is."""
    known = bounds(clock) if clock is not None else None
    low, high = known or (0.0, 0.0)
    blamed = {X509_EXPIRED, X509_NOT_YET} & {shake.verify_code}
    for certificate in shake.chain if blamed else shake.chain[:1]:
        starts, ends = certificate.not_before, certificate.not_after
        if ends is not None and ends < now:
            sure = known is not None and ends < now + low
            yield _dated("tls.cert-expired", path, certificate, (now - ends) // DAY, sure=sure)
        elif starts is not None and starts > now:
            sure = known is not None and starts > now + high
            yield _dated("tls.cert-not-yet-valid", path, certificate, (starts - now) // DAY, sure=sure)


def _dated(code: str, path: TlsAddress, certificate: Certificate, days: float, *, sure: bool) -> Finding:
    confidence: Confidence = "certain" if sure else "possible"
    data = {
        "subject": certificate.subject,
        "days": days,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
    }
    first = say(
        "{where}: by this host's clock the certificate of {subject} is {days:.0f} days off",
        where=_where(path),
        subject=certificate.subject,
        days=days,
    )
    unsure = say("not settled: the server told no time; compare this host's clock with another's (`date -u`)")
    because = () if sure else (first, unsure)
    ruled_out = ("clock.skewed",) if sure else ()
    return Finding(code, path.address, data, confidence=confidence, because=because, ruled_out=ruled_out)


def _name(path: TlsAddress, leaf: Certificate, settings: Settings) -> Iterator[Finding]:
    host = settings.endpoint.host
    if not any(matches(name, host) for name in leaf.names):
        yield Finding("tls.cert-hostname", path.address, {"names": leaf.names[:10] or [leaf.subject]})


def matches(pattern: str, host: str) -> bool:
    """Tell whether a certificate's name covers a host: a wildcard stands for the whole leftmost label (RFC 9525 §6.3)."""
    if is_address(host):
        return is_address(pattern) and ipaddress.ip_address(pattern) == ipaddress.ip_address(host)
    pattern, host = pattern.lower().rstrip("."), host.lower().rstrip(".")
    if pattern.startswith("*."):
        return "." in host and host.partition(".")[2] == pattern[2:]
    return pattern == host


def _trust(path: TlsAddress, shake: Handshake, off_path: Elsewhere | None) -> Finding:
    """Say why the chain leads to nothing trusted."""
    leaf, last = shake.chain[0], shake.chain[-1]
    if len(shake.chain) == 1 and leaf.self_signed:
        return Finding("tls.cert-self-signed", path.address, {"subject": leaf.subject})
    named = next((one.issuer for one in shake.chain if INSPECTORS.search(one.issuer)), None)
    if named is not None:
        because = (_issued(path, leaf, shake),)
        return Finding(
            "tls.intercepted",
            path.address,
            {"authority": named, "known_as": say("which inspects traffic")},
            confidence="certain",
            because=because,
        )
    if path.reference is not None and path.reference.passes:
        verdict = say(
            "{where}: this host's store: {message}; {store}: the chain verifies",
            where=_where(path),
            message=shake.verify_message,
            store=path.reference.store,
        )
        because = (verdict,)
        return Finding("tls.ca-store-outdated", path.address, {"reference": path.reference.store}, because=because)
    if shake.verify_code in X509_NO_ISSUER and not last.self_signed:
        sent = say(
            "{where}: {sent} certificate(s) sent, the last issued by {issuer}: {message}",
            where=_where(path),
            sent=len(shake.chain),
            issuer=last.issuer,
            message=shake.verify_message,
        )
        because = (sent,)
        known = path.reference is not None and path.reference.holds_issuer
        data = {"last": last.subject, "missing": last.issuer, "root_known": known}
        return Finding("tls.chain-incomplete", path.address, data, because=because)
    if (backup := _other_authority(last, off_path)) is not None:
        known_as = say("while the backup domain {name} shows one that this host trusts", name=backup.name)
        data = {"authority": last.issuer, "known_as": known_as}
        told_by = (_issued(path, leaf, shake), *told(off_path))
        return Finding("tls.intercepted", path.address, data, confidence="likely", because=told_by)
    return _untrusted(path, shake, last, off_path)


def _issued(path: TlsAddress, leaf: Certificate, shake: Handshake) -> str:
    where, message = _where(path), shake.verify_message
    return say("{where}: issued by {issuer}; {message}", where=where, issuer=leaf.issuer, message=message)


def _other_authority(last: Certificate, off_path: Elsewhere | None) -> BackupLook | None:
    """Return the look at the backup domain, where that verifies, by another authority."""
    backup = off_path.backup if off_path is not None else None
    shake = backup.handshake if backup is not None else None
    if shake is None or shake.error is not None or not shake.chain or shake.chain[-1].issuer == last.issuer:
        return None
    return backup


def _untrusted(
    path: TlsAddress, shake: Handshake, last: Certificate | None, off_path: Elsewhere | None = None
) -> Finding:
    authority = last.issuer if last else say("an authority that could not be seen")
    ends = say(
        "{where}: {message}; the chain ends in {authority}",
        where=_where(path),
        message=shake.verify_message,
        authority=authority,
    )
    because = (ends, *told(off_path))
    ruled_out = ("tls.ca-store-outdated",) if path.reference and path.reference.passes is False else ()
    return Finding("tls.cert-untrusted", path.address, {"authority": authority}, because=because, ruled_out=ruled_out)


def _cut(path: TlsAddress, shake: Handshake) -> Finding:
    """Judge silence, a reset or the end by what the later looks met: the first that succeeds names the cause."""
    error, tried = shake.error or "", list(_experiments(path, shake.error or ""))
    first = say("{where}: the handshake ended in {error}", where=_where(path), error=error)
    failed: list[str] = []
    for code, how, passed, data in tried:
        if passed:
            proof, others = (first, say("{how}: success", how=how)), tuple(dict.fromkeys(failed))
            return Finding(code, path.address, data, because=proof, ruled_out=others)
        failed.append(code)
    confidence: Confidence = "likely" if len(failed) > 1 else "possible"
    because = (first, *(say("{how}: no success either", how=how) for _, how, _, _ in tried))
    data = {"error": error, "waited": shake.waited}
    excluded = tuple(dict.fromkeys(failed))
    return Finding(ENDINGS[error], path.address, data, confidence=confidence, because=because, ruled_out=excluded)


def _experiments(path: TlsAddress, error: str) -> Iterator[tuple[str, str, bool, dict[str, Any]]]:
    """Yield the looks that were taken: the code that a success proves, how it was done, whether it succeeded, the code's data."""
    if path.again is not None:
        data = {"failed": 1, "total": 2, "errors": [error]}
        yield "tls.intermittent", say("the same once more"), _through(path.again), data
    if path.other_name is not None and path.other_name.handshake is not None:
        name, other = path.other_name.name, path.other_name.handshake
        yield (
            "tls.sni-filtered",
            say("under the name {name}", name=name),
            other.error is None,
            {"error": error, "other": name},
        )
    for small in path.small:
        passed = small.handshake is not None and _through(small.handshake)
        data = {"segment": small.segment, "what": say("handshake")}
        yield "tls.mtu-blackhole", say("with segments of {segment} bytes", segment=small.segment), passed, data
    if path.only_tls12 is not None:
        data = {
            "error": say(
                "{error}; with TLS 1.2 alone it succeeds, so something on the way cannot bear TLS 1.3", error=error
            )
        }
        yield "tls.protocol-version", say("offering TLS 1.2 alone"), _through(path.only_tls12), data


def _through(shake: Handshake) -> bool:
    """Tell whether the server's chain came, be it one that did not verify: then nothing cut the handshake off."""
    return shake.error in {None, "verify"}


def judge_with_calls(paths: Sequence[TlsAddress], probe: ProbeSeen | None) -> Iterator[Finding]:
    """Judge what the probe's connections add: a handshake that failed there, a request that vanished after a good one."""
    good = {path.address: path for path in paths if path.handshake and path.handshake.error is None}
    resumed = [(path.address, path.resumption) for path in good.values() if path.resumption is not None]
    called = [(reach.address, reach.handshake) for reach in (*probe.earlier, probe.reach)] if probe else []
    for address, path in good.items():
        shakes = [path.handshake, *(shake for where, shake in (*resumed, *called) if where == address)]
        errors = [shake.error for shake in shakes if shake is not None and shake.error in ENDINGS]
        if errors:
            data = {"failed": len(errors), "total": len(shakes), "errors": sorted(set(filter(None, errors)))}
            because = tuple(
                say("{where}: a handshake ended in {error}, others succeeded", where=_where(path), error=error)
                for error in errors
            )
            yield Finding("tls.intermittent", address, data, because=because)
    if probe is not None and probe.small is not None:
        yield from _vanished(probe.small, probe.reach.address)


def _vanished(look: SmallRequest, address: str | None) -> Iterator[Finding]:
    """Judge a request that was never acknowledged: small segments of the same length that pass name the cause."""
    passed = next((one.segment for one in look.small if one.error is None), None)
    if look.full is None or passed is None:
        return
    because = (
        say(
            "a request of {length} bytes was never acknowledged; once more, anonymously: {outcome}",
            length=look.length,
            outcome=look.full,
        ),
        say("the same length in segments of {segment} bytes: answered", segment=passed),
    )
    yield Finding("tls.mtu-blackhole", address, {"segment": passed, "what": say("request")}, because=because)


def _refused(path: TlsAddress, shake: Handshake) -> Finding:
    """Name a refusal that speaks for itself; an alert of another kind ends the handshake all the same."""
    said = shake.alert or shake.error
    data = {"error": said, "first_bytes": shake.first_bytes, "alert": shake.alert}
    met = say("{error} (alert {alert})", error=shake.error, alert=shake.alert) if shake.alert else shake.error
    because = (say("{who}: {told}", who=_where(path), told=met),)
    return Finding(
        DIRECT.get(shake.error or "", "tls.closed"), path.address, data, because=because, confidence="certain"
    )
