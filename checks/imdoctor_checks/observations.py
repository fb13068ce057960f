"""What the built-in checks see, as data. Here, so that a check can read another's without importing its judgement."""

from email.utils import parsedate_to_datetime

import msgspec

from imdoctor.check import Observation
from imdoctor.im.envelope import Envelope, EnvelopeFault
from imdoctor.net.call import Call, Reach
from imdoctor.net.connect import Connect
from imdoctor.net.echo import Echo
from imdoctor.net.egress import Exit
from imdoctor.net.geo import Told
from imdoctor.net.handshake import Handshake
from imdoctor.net.lookup import ServerAnswers
from imdoctor.net.machine import Link, Route, SystemAnswer
from imdoctor.net.proxy import Tunnel
from imdoctor.net.resolvers import ResolvConf
from imdoctor.net.stubs import Stub
from imdoctor.net.subnet import SubnetAnswer


class ClientSeen(Observation, frozen=True, kw_only=True):
    """Nothing is looked at: the settings say it all."""


class GatewayLook(msgspec.Struct, frozen=True, kw_only=True):
    """What answers at an address under the target's name: the certificate verified, an IM envelope, or something else.

    ``gateway`` is None when nothing answered, so that it cannot be told.
    """

    address: str
    gateway: bool | None
    verified: bool | None = None
    subject: str | None = None
    issuer: str | None = None
    error: str | None = None


class BackupLook(msgspec.Struct, frozen=True, kw_only=True):
    """The site's other domain, as a control off the target's path: its look-up, a connection, a verified handshake."""

    name: str
    error: str | None = None
    """Why its name gave no address."""
    connect: Connect | None = None
    handshake: Handshake | None = None


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What a public resolver answers for the target's name, and what answers at those addresses."""

    answers: ServerAnswers
    looks: tuple[GatewayLook, ...] = ()


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """Controls, taken when the target fails at every address, to tell this service, this network and the resolver's answer apart.

    Without third parties only the host's own nameservers and the backup domain are asked; ``barred`` then says so.
    """

    backup: BackupLook | None = None
    controls: tuple[Connect, ...] = ()
    """TCP 443 of the nameservers beyond this machine, and of one public resolver."""
    opinion: Opinion | None = None
    named: bool = True
    """Whether the endpoint is a name, so that its addresses come from a resolver."""
    barred: bool = False


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The same question to one nameserver several times over: what came of each, an rcode or an error."""

    server: str
    outcomes: tuple[str, ...]


class EgressSeen(msgspec.Struct, frozen=True, kw_only=True):
    """By which addresses resolvers and the host leave for the Internet, and where those are.

    ``barred``: third parties were not asked.
    """

    exits: tuple[Exit, ...] = ()
    echoes: tuple[Echo, ...] = ()
    places: tuple[Told, ...] = ()
    subnet: SubnetAnswer | None = None
    """What a public resolver answers for the host's own prefix."""
    barred: bool = False


class MirrorCost(msgspec.Struct, frozen=True, kw_only=True):
    """Connects in turn to an address that ``server`` gives and to one that the host's own prefix is given: seconds, None for a failure."""

    server: str
    given: str
    own: str
    given_seconds: tuple[float | None, ...] = ()
    own_seconds: tuple[float | None, ...] = ()


class DnsSeen(Observation, frozen=True, kw_only=True):
    """The resolvers' files, each nameserver's answers, the C library's, and what answers at addresses in doubt."""

    resolv_conf: ResolvConf = ResolvConf()
    stubs: tuple[Stub, ...] = ()
    """What is behind the nameservers on this machine."""
    identifiers: dict[str, str] = msgspec.field(default_factory=dict)
    """What nameservers call themselves (NSID)."""
    hosts_order: tuple[str, ...] = ()
    """nsswitch.conf's order for hosts, such as ("files", "dns")."""
    hosts_entry: tuple[str, ...] = ()
    servers: tuple[ServerAnswers, ...] = ()
    series: tuple[Series, ...] = ()
    """Further questions to servers that answered one question and not another."""
    system: SystemAnswer | None = None
    system_absolute: SystemAnswer | None = None
    """The C library without its search list, when its answer is none of the nameservers'."""
    system_again: SystemAnswer | None = None
    """The C library once more, when it was slow."""
    looks: tuple[GatewayLook, ...] = ()
    public: ServerAnswers | None = None
    """What a public resolver answers."""
    egress: EgressSeen | None = None
    costs: tuple[MirrorCost, ...] = ()


class TcpSeen(Observation, frozen=True, kw_only=True):
    """Every address, connected to five times where it is quick, or as often as needed to tell; and the routes to them."""

    routes: tuple[Route, ...] = ()
    connects: tuple[Connect, ...] = ()
    elsewhere: Elsewhere | None = None
    """When every address failed."""


class OtherName(msgspec.Struct, frozen=True, kw_only=True):
    """The handshake at the same address under another name."""

    name: str
    handshake: Handshake | None


class SmallSegments(msgspec.Struct, frozen=True, kw_only=True):
    """The handshake with a small maximum segment (TCP_MAXSEG, bytes)."""

    segment: int
    handshake: Handshake | None


class ServerTime(msgspec.Struct, frozen=True, kw_only=True):
    """The chain verified as of the server's own time (Unix seconds), by its Date header. None: it could not be tried."""

    at: float
    passes: bool | None


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What another trust store says of the chain as sent. None: it could not be tried."""

    store: str
    passes: bool | None = None
    holds_issuer: bool | None = None
    """Whether it holds the authority that issued the chain's last certificate."""


class TlsAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One address (None: the proxy's tunnel): the connection, the handshake, a second one that resumes, and later looks."""

    address: str | None
    connect: Connect | None = None
    refused: tuple[Connect, ...] = ()
    """Connections that were refused before."""
    tunnel: Tunnel | None = None
    handshake: Handshake | None = None
    resumption: Handshake | None = None
    again: Handshake | None = None
    """The same handshake once more, when the first was slow or met silence, a reset or the end."""
    other_name: OtherName | None = None
    """When it failed twice so."""
    small: tuple[SmallSegments, ...] = ()
    """When it met silence twice: the larger segments first."""
    only_tls12: Handshake | None = None
    """When it failed twice so: the handshake that offers TLS 1.2 alone."""
    server_time: ServerTime | None = None
    """When the host's clock is what the certificate's dates failed by."""
    unverified: Handshake | None = None
    """The handshake without verification, where the failed one did not give the chain."""
    reference: Reference | None = None
    after: str | None = None
    """What a read before any write met when a client certificate had been asked for: "alert …", "reset", "closed"."""


class TlsSeen(Observation, frozen=True, kw_only=True):
    """The handshake at every address that can be reached. ``now`` is the host's clock, Unix seconds."""

    now: float | None = None
    paths: tuple[TlsAddress, ...] = ()
    elsewhere: Elsewhere | None = None
    """When every handshake failed."""


class ProbeCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call, and the envelope that its body holds or why it holds none."""

    call: Call
    authenticated: bool = False
    envelope: Envelope | None = None
    fault: EnvelopeFault | None = None


class SmallCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call with a small maximum segment (TCP_MAXSEG, bytes), and how it ended: None, or a word of Call.error."""

    segment: int
    error: str | None


class SmallRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An anonymous request as long as one that was never acknowledged, with full-size segments and with small ones."""

    length: int
    full: str | None
    """How the call with full-size segments ended: None, or a word of Call.error."""
    small: tuple[SmallCall, ...]
    """The larger segments first."""


class ProbeSeen(Observation, frozen=True, kw_only=True):
    """The calls, in order: the first cold, then warm ones on the kept connection.

    ``withheld`` says why the first call did not carry the credential although one is at hand.
    """

    reach: Reach = Reach()
    earlier: tuple[Reach, ...] = ()
    """Tries to open the connection that failed before."""
    resolve: float | None = None
    """Seconds of the C library's look-up."""
    withheld: str | None = None
    standing: ProbeCall | None = None
    """An earlier authenticated call whose answer stands while the credential is not sent."""
    standing_at: float | None = None
    """When that was, by the host's clock (Unix seconds)."""
    first: ProbeCall | None = None
    fallback: ProbeCall | None = None
    """The POST without an SDKAppID, when GET / gave no envelope."""
    second: ProbeCall | None = None
    """An anonymous second look, when the first call was slow or failed."""
    small: SmallRequest | None = None
    """When the first call's request was never acknowledged."""
    warm: tuple[ProbeCall, ...] = ()
    reopened: int = 0
    """How many of the warm calls needed a new connection."""
    rest: float | None = None
    """Seconds of rest before the last call."""
    idle: ProbeCall | None = None
    """The call after the idle time."""
    unverified: ProbeCall | None = None
    """The anonymous GET over a connection whose certificate did not verify: for its Date, and for a portal's words."""

    @property
    def calls(self) -> tuple[ProbeCall, ...]:
        """Every call that was made."""
        made = (self.first, self.fallback, self.second, *self.warm, self.idle, self.unverified)
        return tuple(call for call in made if call is not None)


def api_answer(seen: ProbeSeen) -> Envelope | None:
    """Return the envelope that answered the authenticated call: this run's, else one that still stands."""
    answered = seen.first if seen.first is not None and seen.first.authenticated else seen.standing
    return None if answered is None else answered.envelope


def sent_date(call: Call) -> float | None:
    """Return the Date header's time (Unix seconds); beside an Age it comes from a cache, and tells another time."""
    if "age" in call.headers:
        return None
    try:
        return parsedate_to_datetime(call.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


class UsersigSeen(Observation, frozen=True, kw_only=True):
    """The credential, decoded, without its signature. ``now`` is the host's clock, Unix seconds; expiry likewise.

    ``signature`` is None where no key is at hand. ``sendable`` tells whether the credential may be sent at all.
    """

    fault: str | None = None
    """Why it does not decode: a kind of imdoctor.im.usersig.UserSigFault."""
    detail: str | None = None
    key_fault: str | None = None
    made: bool = False
    version: int | None = None
    identifier: str | None = None
    sdkappid: int | None = None
    issued_at: float | None = None
    expires_at: float | None = None
    signature: bool | None = None
    now: float | None = None
    sendable: bool = False


class DateSample(msgspec.Struct, frozen=True, kw_only=True):
    """One Date header: the host's clock (Unix seconds) before the request and after the first byte, and the header's time."""

    sent_at: float
    answered_at: float
    date: float


class ClockSeen(Observation, frozen=True, kw_only=True):
    """Date headers from which an interval for the clock's offset follows; those beside an Age header are left out."""

    samples: tuple[DateSample, ...] = ()


def bounds(seen: ClockSeen) -> tuple[float, float] | None:
    """Return the interval, in seconds, in which the server's clock minus the host's lies; None where nothing is known.

    Each sample says: the header's second began no later than the answer came, and ended no earlier than the request
    left. Samples of one server narrow each other; where they contradict (a clock was stepped), the last one counts.
    """
    intervals = [(one.date - one.answered_at, one.date + 1.0 - one.sent_at) for one in seen.samples]
    if not intervals:
        return None
    low, high = max(low for low, _ in intervals), min(high for _, high in intervals)
    return (low, high) if low <= high else intervals[-1]


class ProxySeen(Observation, frozen=True, kw_only=True):
    """The proxy for this target, and CONNECT through it."""

    proxy: str | None = None
    source: str | None = None
    used: bool = True
    """Whether the target goes through it; otherwise it was tried because the direct way fails."""
    tunnel: Tunnel | None = None
    direct: Connect | None = None
    """The way without the proxy, when the tunnel failed."""
    egress: EgressSeen | None = None
    """By which addresses the proxy and, past it, the host leave."""


class HostSeen(Observation, frozen=True, kw_only=True):
    """The machine's interfaces and routes, its resolv.conf, and whether anything outside of the target answers."""

    links: tuple[Link, ...] = ()
    routes: tuple[Route, ...] = ()
    resolv_conf: ResolvConf = ResolvConf()
    gateways: tuple[str, ...] = ()
    """The default gateways, whose refusal says nothing of the network beyond."""
    answered: bool = True
    """Whether a nameserver, the target or its proxy answered anything."""
    target_addresses: tuple[str, ...] = ()
    controls: tuple[Connect, ...] = ()
    """TCP 443 of each nameserver and of a public resolver, asked only when nothing else answered."""
