"""The Check protocol, what a check says (findings), and the Context that it is handed."""

import asyncio
import ipaddress
import time
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, cast

import msgspec

from imdoctor.config.model import Client, Endpoint, ProbeCall
from imdoctor.config.secrets import Credential
from imdoctor.memory import Memory
from imdoctor.model import Confidence, Measurement, Severity
from imdoctor.net.ledger import LagWatch
from imdoctor.net.machine import Machine, SystemAnswer

if TYPE_CHECKING:
    import ssl

    from imdoctor.net.lookup import ServerAnswers
    from imdoctor.net.proxy import Proxy

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What a check saw. A check declares its own by inheriting; it must survive a trip through JSON.

    ``blocked_by`` names the check without whose success this one could not be asked; ``skipped`` says why the question
    does not apply; ``unknown`` says why it could not be answered.
    """

    blocked_by: str | None = None
    skipped: str | None = None
    unknown: str | None = None


class Spec(msgspec.Struct, frozen=True):
    """What a finding code means. ``message``, ``why`` and ``remedy`` may name the finding's data in braces.

    Beside the data they may name {address}, {host}, {port} and {endpoint}. ``explains`` lists the codes that this
    finding may be the reason of: whole codes, or ``NAME.*``; that a failure explains the checks it blocks goes without
    saying. ``final`` says that another try, under --retries, would change nothing or do harm (a refused credential).

    `imdoctor explain` and docs/codes.md show besides: ``causes``, what usually brings the finding about, the commonest first;
    ``confirm``, how to see it by hand, with a command to paste between backticks, which may name the data in braces too; and
    ``step`` of the vendor's troubleshooting list, where it is not the check's own.
    """

    severity: Severity
    title: str
    message: str
    why: str
    remedy: tuple[str, ...]
    explains: tuple[str, ...] = ()
    confidence: Confidence = "likely"
    final: bool = False
    causes: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()
    step: int | None = None


class Finding(msgspec.Struct, frozen=True):
    """One judgement. What is None comes from the code's Spec; ``because`` holds the evidence as sentences."""

    code: str
    address: str | None = None
    data: dict[str, Any] = {}
    severity: Severity | None = None
    confidence: Confidence | None = None
    because: tuple[str, ...] = ()
    explains: tuple[str, ...] | None = None
    ruled_out: tuple[str, ...] = ()


class Fact(msgspec.Struct, frozen=True):
    """What of a check's observation tells two reports apart: the values at a path, each as ``show`` has it.

    ``path`` names fields with dots between them, "" the observation itself; it goes into every item of a list. ``show`` may name a
    value's fields in braces, "{}" the value. A value that lacks one of them is left out. ``topic`` is what comparisons group by.
    """

    topic: str
    path: str
    show: str = "{}"


class Summary(msgspec.Struct, frozen=True):
    """One line for a check that found nothing wrong."""

    text: str


class Note(msgspec.Struct, frozen=True):
    """One line for those who want to see all of it (`-v`): a step of a path, say. Leading blanks are kept."""

    text: str


Judged = Finding | Measurement | Summary | Note


class Egress(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a run would send: where to, how, why; on which condition, and with which secret.

    ``through`` is the proxy that carries it, as a URL: then that is whom this host talks to.
    """

    to: str
    port: int
    protocol: str
    why: str
    through: str | None = None
    condition: str | None = None
    secret: str | None = None
    third_party: bool = False


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that judging needs, without a secret; it travels in the report.

    ``proxy`` is "env", "none" or a URL without its password. ``credential`` says what is at hand.
    ``checks`` holds each check's options. ``site`` names the site whose domain was chosen by the SDKAppID's number; None where the
    endpoint was given.
    """

    endpoint: Endpoint
    site: str | None = None
    sdkappid: int | None = None
    identifier: str | None = None
    timeout: float = 5.0
    probe: ProbeCall | None = None
    client: Client = Client()
    ca_file: str | None = None
    proxy: str = "env"
    credential: str = "none"
    third_party: bool = True
    checks: dict[str, Any] = {}

    def options(self, check: str, kind: type[S]) -> S:
        """Return a check's options as the type that it declares, with its defaults where nothing is set."""
        return cast("S", _options(msgspec.msgpack.encode(self.checks.get(check, {})), kind))


@lru_cache(maxsize=64)
def _options(told: bytes, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """Return options as their type: a run asks for the same ones over and over, and some of them take long to check."""
    return msgspec.convert(msgspec.msgpack.decode(told), kind)


class Check(Protocol):
    """One question about a target: a frozen class, listed in a tuple.

    It may also declare ``options``, ``every``, ``facts`` and ``gauges``. ``every``: the seconds between two looks under `watch`, where
    they are not the schedule's. ``facts``: a tuple of Fact, what `imdoctor diff` holds against another report's. ``gauges``: the names
    of measurements in seconds that no work took.
    ``observe`` does all of the I/O and returns facts; its return annotation is the type by which a saved
    report is read back. ``judge`` is pure. ``plan`` tells what ``observe`` would send.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    step: ClassVar[int | None]
    findings: ClassVar[Mapping[str, Spec]]

    async def observe(self, ctx: "Context", /) -> Any:  # noqa: ANN401 - each check returns an Observation of its own
        """Gather facts about the target."""
        ...

    def judge(self, seen: Any, settings: Settings, others: Mapping[str, Observation], /) -> Iterable[Judged]:  # noqa: ANN401 - as observe
        """Turn facts into findings, measurements and a summary, without any I/O."""
        ...

    def plan(self, ctx: "Context", /) -> Iterable[Egress]:
        """Tell what observe would send."""
        ...


@dataclass(frozen=True)
class Deadline:
    """The moment, on the monotonic clock (seconds), by which a run must end."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return the deadline so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self, most: float) -> float:
        """Return the seconds left, at most ``most`` and never below zero."""
        return max(0.0, min(most, self.at - time.monotonic()))


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a check is handed: the target's settings, the machine, the credential, the deadline, and what is shared.

    ``memory`` is what earlier runs on this host left, ``own`` the target's part of it. ``kept`` holds what stays open from
    run to run under `watch`, each thing with a ``close``; None in a run of its own.
    """

    settings: Settings
    machine: Machine
    deadline: Deadline
    credential: Credential = field(default_factory=Credential)
    tasks: dict[Hashable, "asyncio.Future[Any]"] = field(default_factory=dict)
    lag: LagWatch = field(default_factory=LagWatch)
    memory: Memory = field(default_factory=Memory)
    own: Memory = field(default_factory=Memory)
    kept: dict[str, Any] | None = None

    def begin(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> "asyncio.Future[T]":
        """Begin something, once a run however many checks ask for it; nobody but the run ends it before it is done."""
        if key not in self.tasks:
            self.tasks[key] = asyncio.create_task(make(), name=str(key))
        return self.tasks[key]

    async def once(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do something once a run, and hand its result to all who ask for it."""
        return await asyncio.shield(self.begin(key, make))

    async def seen(self, check: str, kind: type[S]) -> S | None:
        """Await another check's observation; None when it does not run, crashed, or is of another type."""
        task = self.tasks.get(("observe", check))
        if task is None:
            return None
        if not task.done():
            await asyncio.wait({task})
        seen = None if task.cancelled() or task.exception() else task.result()
        return seen if isinstance(seen, kind) else None

    def left(self, most: float) -> float:
        """Return the seconds that a step may take: ``most``, or what is left of the run."""
        return self.deadline.left(most)

    async def system(self) -> SystemAnswer:
        """Return what the C library answers for the target's name: what the application sees. Asked once."""
        return await asyncio.shield(self.begin_system())

    def begin_system(self) -> "asyncio.Future[SystemAnswer]":
        """Begin to ask it."""
        limit = self.left(self.settings.timeout * 2)
        return self.begin("system", lambda: self._ask_system(self.settings.endpoint.host, limit))

    async def system_again(self, *, absolute: bool = False) -> SystemAnswer:
        """Ask the C library once more, for a second look; ``absolute`` leaves its search list out (a final dot, resolv.conf(5))."""
        host = self.settings.endpoint.host
        return await self._ask_system(f"{host.rstrip('.')}." if absolute else host, self.left(self.settings.timeout))

    async def _ask_system(self, name: str, limit: float) -> SystemAnswer:
        from imdoctor.net.lookup import system_answer

        started = self.lag.now()
        answer = await system_answer(self.machine, name, self.settings.endpoint.port, limit)
        return msgspec.structs.replace(answer, late=self.lag.late_since(started))

    async def servers(self) -> "tuple[ServerAnswers, ...]":
        """Return what each nameserver of resolv.conf answers for the target's name. Asked once."""
        return await asyncio.shield(self.begin_servers())

    def begin_servers(self) -> "asyncio.Future[tuple[ServerAnswers, ...]]":
        """Begin to ask them."""
        from imdoctor.net.lookup import ask_servers

        host, limit = self.settings.endpoint.host, self.left(self.settings.timeout)
        return self.begin("servers", lambda: ask_servers(self.machine, self.nameservers, host, limit))

    async def addresses(self) -> tuple[str, ...]:
        """Return the addresses to call: those that the application sees, else what the nameservers answer.

        A C library that is slow (a dead first nameserver costs it 5 s) does not hold up the other checks.
        """
        from imdoctor.net.lookup import usable_addresses

        if is_address(self.settings.endpoint.host):
            return (self.settings.endpoint.host,)
        return await self.once("addresses", lambda: usable_addresses(self.begin_system(), self.begin_servers()))

    @cached_property
    def nameservers(self) -> tuple[str, ...]:
        """The nameservers that the C library asks, as the run's first look at resolv.conf has them."""
        from imdoctor.net.resolvers import nameservers

        return nameservers(self.machine)

    @cached_property
    def proxy(self) -> "Proxy | None":
        """The proxy that a call to the target goes through, by the settings or the environment."""
        from imdoctor.net.proxy import proxy_for

        endpoint = self.settings.endpoint
        return proxy_for(
            self.credential.proxy_url or self.settings.proxy, endpoint.host, endpoint.port, self.machine.environ
        )

    @property
    def through(self) -> str | None:
        """The URL of the proxy that a call to the target goes through, for a plan."""
        return None if self.proxy is None else self.proxy.shown

    async def tls(self, *, verify: bool = True, only_tls12: bool = False) -> "ssl.SSLContext":
        """Return the run's TLS context, against the system's store or the target's ``ca_file``; kept while that is unchanged."""
        return await asyncio.shield(self.begin_tls(verify=verify, only_tls12=only_tls12))

    def begin_tls(self, *, verify: bool = True, only_tls12: bool = False) -> "asyncio.Future[ssl.SSLContext]":
        """Begin to read it."""
        from imdoctor.net.trust import store_files, tls_context

        ca_file = self.settings.ca_file or self.machine.ca_file
        files, key = store_files(ca_file), ("tls", str(ca_file), verify, only_tls12)
        make = partial(tls_context, ca_file, verify=verify, only_tls12=only_tls12)
        return self.begin(key, lambda: self.machine.kept.get((*key, files), files, make))


def pick(others: Mapping[str, Observation], check: str, kind: type[S]) -> S | None:
    """Return another check's observation from a judgement's ``others`` when it is there and of the type expected."""
    seen = others.get(check)
    return seen if isinstance(seen, kind) else None


@lru_cache(maxsize=256)
def is_address(host: str) -> bool:
    """Tell whether a host is given as an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
