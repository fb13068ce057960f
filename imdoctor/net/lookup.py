"""Name look-ups: each nameserver asked for itself, and the C library as the application sees it."""

import _thread
import asyncio
import functools
import socket
import time
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import msgspec
from msgspec import structs

from imdoctor.net.exchange import FAILURES, PAYLOAD, PORT, Datagram, error_of, over_tcp
from imdoctor.net.machine import Machine, SystemAnswer, errno_name
from imdoctor.net.waiting import first_over

SERVER_TIMEOUT = 2.0
"""Seconds for one nameserver, both questions of it included."""
PATIENCE = 1.0
"""Seconds that the C library gets beyond the nameservers' own answers before the other checks go on without it."""
SENDS = 3
"""Questions to a nameserver that is silent, spread over its time."""
SLOW = 0.05
"""Seconds from which on an answer is asked for once more, so that what is called slow was so twice."""
AGAIN = {"SERVFAIL", "REFUSED"}
"""Answers that are asked for once more: a server under load gives them now and then."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one nameserver. ``error``: None, "timeout", "refused-port" (ICMP port unreachable), an errno's name, "malformed"."""

    type: str
    """"A" or "AAAA"."""
    rcode: str | None = None
    """Such as "NOERROR", "SERVFAIL"; None when nothing came back."""
    addresses: tuple[str, ...] = ()
    cnames: tuple[str, ...] = ()
    ttl: int | None = None
    seconds: float | None = None
    again: float | None = None
    """Seconds of a second answer, asked for when the first was slow or a failure."""
    first: str | None = None
    """The first answer's rcode or error, where a second one differs from it."""
    attempts: int = 1
    lost: int = 0
    """Questions that nothing came back to before the answer that stands."""
    truncated: bool = False
    over_tcp: str | None = None
    """The same question over TCP, asked while UDP met silence: its rcode, or how it failed."""
    tcp_error: str | None = None
    """What came of asking again over TCP, when the answer was truncated."""
    error: str | None = None

    @property
    def outcome(self) -> str:
        """The rcode, or the error where nothing came back."""
        return self.rcode or self.error or "nothing"


class ServerAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """What one nameserver answered for A and for AAAA."""

    server: str
    a: Answer
    aaaa: Answer

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses, IPv4 first."""
        return self.a.addresses + self.aaaa.addresses


async def system_answer(machine: Machine, host: str, port: int, limit: float) -> SystemAnswer:
    """Return what the C library answers within ``limit`` seconds (error "timeout" after that)."""
    started = time.monotonic_ns()
    try:
        async with asyncio.timeout(limit):
            answer = await (machine.resolve(host, port) if machine.resolve else _getaddrinfo(host, port))
    except TimeoutError:
        return SystemAnswer(error="timeout")
    return structs.replace(answer, seconds=(time.monotonic_ns() - started) / 1e9)


async def _getaddrinfo(host: str, port: int) -> SystemAnswer:
    """Call getaddrinfo in a daemon thread of its own: it cannot be cancelled, and must not hold up the interpreter's exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[SystemAnswer] = loop.create_future()

    def tell(answer: SystemAnswer) -> None:
        if not done.done():
            done.set_result(answer)

    def ask() -> None:
        answer = _blocking_getaddrinfo(host, port)
        try:
            loop.call_soon_threadsafe(tell, answer)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    # threading.Thread costs several times as much: it waits until the thread has begun.
    _thread.start_new_thread(ask, ())
    return await done


def _blocking_getaddrinfo(host: str, port: int) -> SystemAnswer:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        names = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
        return SystemAnswer(error=names.get(error.errno or 0, str(error)))
    except (OSError, UnicodeError) as error:
        return SystemAnswer(error=errno_name(error) if isinstance(error, OSError) else "EAI_NONAME")
    return SystemAnswer(addresses=tuple(dict.fromkeys(str(entry[4][0]) for entry in found)))


async def ask_servers(machine: Machine, servers: tuple[str, ...], host: str, limit: float) -> tuple[ServerAnswers, ...]:
    """Ask every nameserver side by side for A and AAAA."""
    limit = min(limit, SERVER_TIMEOUT)
    kinds = ("A", "AAAA")
    asked = [ask(machine, server, host, kind, limit) for server in servers for kind in kinds]
    answers = await asyncio.gather(*asked)
    pairs = zip(servers, answers[::2], answers[1::2], strict=True)
    return tuple(ServerAnswers(server=server, a=a, aaaa=aaaa) for server, a, aaaa in pairs)


async def ask(machine: Machine, server: str, host: str, kind: str, limit: float) -> Answer:
    """Ask one nameserver one question, absolutely (no search list); a slow answer or a failure is asked for once more."""
    try:
        _question(host, kind)
    except (dns.exception.DNSException, UnicodeError):
        return Answer(type=kind, error="no-such-name")
    deadline = time.monotonic() + limit
    first = await _race(machine, server, host, kind, limit)
    left = deadline - time.monotonic()
    slow = first.seconds is not None and first.seconds > SLOW
    if left <= 0 or first.error == "timeout" or not (slow or first.rcode in AGAIN or first.error):
        return first
    second = await _once(machine, server, host, kind, left)
    return _both(first, second)


def _both(first: Answer, second: Answer) -> Answer:
    """Join two looks: the better one stands, and a difference between them is kept."""
    good, other = (second, first) if _worth(second) > _worth(first) else (first, second)
    differs = first.outcome if first.outcome != second.outcome else None
    return structs.replace(
        good, again=other.seconds, first=differs, attempts=first.attempts + 1, lost=first.lost + second.lost
    )


def _worth(answer: Answer) -> int:
    """Rank an answer by what it tells: an answer, a refusal in DNS, a refusal of the port, silence."""
    if answer.rcode is not None:
        return 2 if answer.rcode in AGAIN else 3
    return 0 if answer.error == "timeout" else 1


async def _race(machine: Machine, server: str, name: str, kind: str, limit: float) -> Answer:
    """Ask up to three times within the limit; the first answer to come counts. Silence is compared with TCP meanwhile."""
    sent: list[Datagram] = []
    compared: list[asyncio.Task[str]] = []
    ends, winner = time.monotonic() + limit, None
    try:
        while winner is None and len(sent) < SENDS:
            left = max(ends - time.monotonic(), 0.01)
            sent.append(_send(machine, server, name, kind))
            if len(sent) == 2:  # noqa: PLR2004 - the first question met silence
                compared.append(asyncio.create_task(_by_tcp(machine, server, name, kind, left)))
            winner = await first_over(sent, left if len(sent) == SENDS else limit / SENDS)
        best = (
            Answer(type=kind, error="timeout") if winner is None else await _told(machine, server, kind, winner, ends)
        )
        over_tcp = next((task.result() for task in compared if task.done()), None)
    finally:
        for one in sent:
            one.close()
        for task in compared:
            task.cancel()
        await asyncio.gather(*compared, return_exceptions=True)
    lost = 0 if winner is None or best.rcode is None or best.truncated else sent.index(winner)
    return structs.replace(best, attempts=len(sent), lost=lost, over_tcp=over_tcp)


async def _once(machine: Machine, server: str, name: str, kind: str, limit: float) -> Answer:
    """Send one question over UDP, and over TCP when the answer is truncated."""
    ends = time.monotonic() + limit
    with _send(machine, server, name, kind) as sent:
        await first_over((sent,), limit)
        return await _told(machine, server, kind, sent, ends)


def _send(machine: Machine, server: str, name: str, kind: str) -> Datagram:
    return Datagram(*_question(name, kind), machine.dial(server, PORT))


@functools.lru_cache(maxsize=64)
def _question(name: str, kind: str) -> tuple[dns.message.Message, bytes]:
    """Return a question, and how it looks on the wire: it takes longer to make than to answer, and is asked again and again.

    Raises DNSException and UnicodeError for what is no name.
    """
    query = dns.message.make_query(dns.name.from_text(name), kind, use_edns=0, payload=PAYLOAD)
    return query, query.to_wire()


async def _told(machine: Machine, server: str, kind: str, sent: Datagram, ends: float) -> Answer:
    """Return what came of a question; asked again over TCP when the answer is truncated."""
    try:
        reply, seconds = sent.answer()
    except FAILURES as failure:
        return Answer(type=kind, error=error_of(failure))
    if not reply.flags & dns.flags.TC:
        return structs.replace(_read(reply, kind), seconds=seconds)
    error, started = None, time.monotonic()
    try:
        async with asyncio.timeout(max(ends - started, 0.01)):
            reply = await over_tcp(sent.query, machine.dial(server, PORT))
    except FAILURES as failure:
        error = error_of(failure)
    seconds += time.monotonic() - started
    return structs.replace(_read(reply, kind), seconds=seconds, truncated=True, tcp_error=error)


async def _by_tcp(machine: Machine, server: str, name: str, kind: str, limit: float) -> str:
    """Ask over TCP alone; return the rcode, or the word for what went wrong."""
    query, _ = _question(name, kind)
    try:
        async with asyncio.timeout(limit):
            return dns.rcode.to_text((await over_tcp(query, machine.dial(server, PORT))).rcode())
    except FAILURES as failure:
        return error_of(failure)


def _read(reply: dns.message.Message, kind: str) -> Answer:
    """Return a reply as data: the addresses at the end of its chain of CNAMEs, in order."""
    wanted = dns.rdatatype.RdataType[kind]
    internet = [rrset for rrset in reply.answer if rrset.rdclass == dns.rdataclass.IN]  # others hold what they like
    sets = [rrset for rrset in internet if rrset.rdtype == wanted]
    aliases = [rrset for rrset in internet if rrset.rdtype == dns.rdatatype.CNAME]
    return Answer(
        type=kind,
        rcode=dns.rcode.to_text(reply.rcode()),
        addresses=tuple(dict.fromkeys(record.address for rrset in sets for record in rrset)),
        cnames=tuple(record.target.to_text(omit_final_dot=True) for rrset in aliases for record in rrset),
        ttl=min((rrset.ttl for rrset in sets), default=None),
    )


async def usable_addresses(
    system: "asyncio.Future[SystemAnswer]", servers: "asyncio.Future[tuple[ServerAnswers, ...]]"
) -> tuple[str, ...]:
    """Return the addresses to call: the C library's, or the nameservers' when it is slow or has none. Cancels neither."""
    both: tuple[asyncio.Future[Any], ...] = (system, servers)
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if not system.done():
        await asyncio.wait({system}, timeout=PATIENCE)
    if system.done() and system.result().addresses:
        return system.result().addresses
    direct = await asyncio.shield(servers)
    told = tuple(dict.fromkeys(address for server in direct for address in server.addresses))
    return told or (await asyncio.shield(system)).addresses
