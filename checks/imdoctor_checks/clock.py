"""How far is this host's clock from the server's? An interval, from Date headers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from imdoctor import Context, Egress, Finding, Judged, Measurement, Observation, Settings, Spec, Summary, pick, say
from imdoctor.net.call import Call
from imdoctor_checks.observations import ClockSeen, DateSample, ProbeSeen, TlsSeen, UsersigSeen, bounds, sent_date

SKEWED = 30.0
"""Seconds from which on a clock is off (contract of clock.skewed)."""


class Clock:
    """The `clock` check."""

    name: ClassVar[str] = "clock"
    title: ClassVar[str] = "How far is this host's clock from the server's?"
    step: ClassVar[int | None] = None
    findings: ClassVar[Mapping[str, Spec]] = {
        "clock.skewed": Spec(
            "warn",
            title="This host's clock is wrong",
            message="this host's clock is {off} s {direction} the server's ({low} to {high} s){changes}",
            why="Certificates and usersigs are valid for a time: a wrong clock makes good ones look bad and bad ones look good.",
            causes=(
                "No time synchronisation runs on this host.",
                "The time server cannot be reached: UDP port 123 is filtered, or its name does not resolve.",
                "A virtual machine was paused, or restored from a snapshot.",
                "Somebody set the clock by hand, and took local time for UTC.",
            ),
            confirm=(
                "Compare with the service's own word: `date -u; curl -skI https://{endpoint}/ | grep -i ^date:`.",
                "See whether the clock is synchronised, and by whom: `timedatectl`.",
                "Where chrony runs, see how far it is from its sources: `chronyc tracking; chronyc sources`.",
            ),
            remedy=(
                "Look at it: `timedatectl`; `chronyc tracking`.",
                "Set it: `sudo timedatectl set-ntp true`, or name a time server that this host can reach.",
                "Make usersigs anew that were made while the clock was wrong.",
            ),
            confidence="certain",
        ),
        "clock.unknown": Spec(
            "info",
            title="The clock cannot be compared",
            message="no answer carried a Date header that tells the server's time",
            why="Without it, dates are judged by this host's clock alone.",
            causes=(
                "No call got an answer, so there was no server's time to compare with.",
                "A proxy or balancer on the way takes the Date header out of the answer.",
                "The answer came from a cache, whose Age header says that its Date is an old one.",
            ),
            confirm=(
                "See which headers arrive: `curl -sI https://{endpoint}/ | grep -i -e ^date: -e ^age: -e ^via:`.",
                "See whether the clock is synchronised: `timedatectl`.",
            ),
            remedy=(
                "Compare it with another source: `timedatectl`.",
                "Let this host's clock be set: `sudo timedatectl set-ntp true`.",
            ),
            confidence="certain",
        ),
    }

    gauges: ClassVar[tuple[str, ...]] = ("offset_low", "offset_high")

    async def observe(self, ctx: Context) -> ClockSeen:
        """Gather the Date headers of the probe's answers; those beside an Age come from a cache, and tell another time."""
        probe = await ctx.seen("probe", ProbeSeen)
        if probe is None:
            return ClockSeen(skipped=say("the probe, whose answers carry the server's time, did not run"))
        samples = tuple(sample for call in probe.calls if (sample := _sample(call.call)) is not None)
        return ClockSeen(samples=samples, blocked_by=None if samples else probe.blocked_by)

    def judge(self, seen: ClockSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge the offset, and whether it changes the verdict on a certificate or a usersig."""
        del settings
        known = bounds(seen)
        if known is None:
            if seen.blocked_by is None:
                yield Finding("clock.unknown")
            return
        low, high = known
        yield Measurement("offset_low", low, "seconds", warn=(None, SKEWED))
        yield Measurement("offset_high", high, "seconds", warn=(-SKEWED, None))
        if min(abs(low), abs(high)) > SKEWED and low * high > 0:
            yield _skewed(low, high, others)
        yield Summary(
            say("the server's clock minus this host's lies between {low:+.1f} s and {high:+.1f} s", low=low, high=high)
        )

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """Send nothing: the probe's answers tell."""
        del ctx
        return ()


def _sample(call: Call) -> DateSample | None:
    date = sent_date(call)
    if call.sent_at is None or call.answered_at is None or date is None:
        return None
    return DateSample(sent_at=call.sent_at, answered_at=call.answered_at, date=date)


def _skewed(low: float, high: float, others: Mapping[str, Observation]) -> Finding:
    """Say by how much, and name what a right clock would make good or bad."""
    offset = (low + high) / 2
    changed = [
        *_certificates(offset, pick(others, "tls", TlsSeen)),
        *_usersig(offset, pick(others, "usersig", UsersigSeen)),
    ]
    data = {
        "off": round(abs(offset)),
        "direction": say("behind") if offset > 0 else say("ahead of"),
        "low": round(low, 1),
        "high": round(high, 1),
        "changes": say("; by the server's time the verdict on its certificate or the usersig is another")
        if changed
        else "",
    }
    return Finding("clock.skewed", data=data, severity="fail" if changed else "warn", explains=tuple(changed))


def _certificates(offset: float, tls: TlsSeen | None) -> Iterator[str]:
    """Name the certificate findings that the server's own time would take back."""
    if tls is None or tls.now is None:
        return
    for path in tls.paths:
        if path.server_time is not None and path.server_time.passes is False:
            continue  # verified as of the server's own time, it fails as well
        for one in path.handshake.chain if path.handshake and path.handshake.error == "verify" else ():
            if one.not_before is None or one.not_after is None:
                continue
            if one.not_before <= tls.now + offset <= one.not_after:
                if tls.now > one.not_after:
                    yield "tls.cert-expired"
                if tls.now < one.not_before:
                    yield "tls.cert-not-yet-valid"


def _usersig(offset: float, usersig: UsersigSeen | None) -> Iterator[str]:
    """Name the usersig findings that come from this host's clock alone."""
    if usersig is None or usersig.issued_at is None or usersig.expires_at is None or usersig.now is None:
        return
    here = usersig.issued_at <= usersig.now < usersig.expires_at
    there = usersig.issued_at <= usersig.now + offset < usersig.expires_at
    if here != there:
        yield from ("usersig.expired", "usersig.not-yet-valid", "usersig.rejected", "usersig.expiring")
