"""By which addresses something leaves for the Internet: whoami names, whose own servers answer with the asker's address."""

import asyncio
import ipaddress
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeVar

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import msgspec

from imdoctor.net.exchange import FAILURES, PAYLOAD, error_of, exchange, records
from imdoctor.net.geo import clean, is_public
from imdoctor.net.machine import IPV4, Machine
from imdoctor.speech import mark, say

T = TypeVar("T")
SAMPLES = 4
"""Questions to one source: a resolver may leave by several doors."""
STAGGER = 0.25
"""Seconds before the next source is asked beside a silent one."""
NO_TIME = mark("there was no time left")
MOST = 8
"""Addresses that one answer may name."""
FORM = "TYPE NAME, TYPE NAME@SERVER, TYPE CH NAME@SERVER (TYPE is A, AAAA or TXT), or https://…"
ECHO = re.compile(r"https://(?P<host>[A-Za-z0-9.-]+)(:(?P<port>\d{1,5}))?(/[!-~]*)?")
LAST_PORT = 65535
LABEL = "0123456789ab"
"""Stands for a random label, which is as long."""
SOURCE = re.compile(r"(?P<kind>A|AAAA|TXT) +(?P<chaos>CH +)?(?P<name>[^\s@]+)(@(?P<server>[^\s@]+))?")

BUILT_IN = (
    "TXT whoami.ds.akahelp.net",
    "A whoami.akamai.net",
    "TXT o-o.myaddr.l.google.com",
    "A whoami.03k.org",
    "A whoami.akamai.net@ns1-1.akamaitech.net",
    "TXT o-o.myaddr.l.google.com@ns1.google.com",
    "A myip.opendns.com@resolver1.opendns.com",
    "TXT CH whoami.cloudflare@1.1.1.1",
    "https://nstool.netease.com/info.js",
    "https://myip.ipip.net/json",
)
"""The sources in the order in which they are asked; docs/step-4.md says who runs each."""


class Source(msgspec.Struct, frozen=True):
    """One source: a name that is asked for through a resolver, or of its own ``server``; or an echo's URL."""

    text: str
    kind: Literal["A", "AAAA", "TXT", "https"]
    name: str
    server: str | None = None
    chaos: bool = False

    @property
    def wild(self) -> bool:
        """Whether any label may stand before its name."""
        return self.name.startswith("*.")

    def speaks(self, family: int) -> bool:
        """Tell whether an answer can hold an address of a family (4 or 6)."""
        return self.kind in {"TXT", "https", "A" if family == IPV4 else "AAAA"}


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """By which addresses something leaves, by one source's word. ``error`` says why there is none."""

    via: str
    """The nameserver that was asked; "direct" for the host itself."""
    source: str
    family: int | None = None
    """Of the host itself: 4 or 6."""
    addresses: tuple[str, ...] = ()
    """Each once, in the order in which the samples showed them."""
    samples: int = 0
    """Questions that were answered with an address."""
    subnets: tuple[str, ...] = ()
    """The EDNS Client Subnet that the resolver sent along (RFC 7871), where the source shows it."""
    seconds: float | None = None
    """Of the quickest answer."""
    error: str | None = None


def parse_source(text: str) -> Source:
    """Read a source. Raises ValueError with a sentence."""
    if page := ECHO.fullmatch(text):
        check_name(page["host"])
        if not 0 < int(page["port"] or 1) <= LAST_PORT:
            raise ValueError(f"{text[:80]!r} names no port: write one of 1 to {LAST_PORT}, or none")
        return Source(text, "https", text)
    found = SOURCE.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:80]!r} is no whoami source: write {FORM}")
    check_name(re.sub(r"^\*\.", f"{LABEL}.", found["name"]), shown=found["name"])
    if found["server"] and ":" not in found["server"]:
        check_name(found["server"])
    kind: Literal["A", "AAAA", "TXT"] = found["kind"]  # type: ignore[assignment]  # the pattern's words
    if found["chaos"] and not found["server"]:
        raise ValueError(f"{text[:80]!r} needs a server: a resolver does not hand questions of the class CH on")
    return Source(text, kind, found["name"], found["server"], chaos=bool(found["chaos"]))


def check_name(name: str, *, shown: str | None = None) -> None:
    """Raise ValueError with a sentence, which names ``shown``, for what no question can be asked for (RFC 1035 §2.3.4)."""
    said = f"{shown or name!r:.80}"
    try:
        labels = dns.name.from_text(name).labels
    except (dns.exception.DNSException, UnicodeError):
        raise ValueError(f"{said} is no name: write one such as whoami.corp.example") from None
    if len(labels) < 2:  # noqa: PLR2004 - a label and the root
        raise ValueError(f"{said} names nothing: write a name such as whoami.corp.example")


async def first_good(
    tries: Sequence[Callable[[], Awaitable[T]]], good: Callable[[T], bool], stagger: float = STAGGER
) -> tuple[T, ...]:
    """Make tries in their order, the next one beside a slow one, until one is good; return what came of those that ended."""
    tasks: list[asyncio.Future[T]] = []
    try:
        for make in tries:
            tasks.append(asyncio.ensure_future(make()))
            await asyncio.wait(tasks[-1:], timeout=stagger)
            if any(task.done() and good(task.result()) for task in tasks):
                break
        while not any(task.done() and good(task.result()) for task in tasks):
            pending = [task for task in tasks if not task.done()]
            if not pending:
                break
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        return tuple(task.result() for task in tasks if task.done())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def leaving(
    machine: Machine, source: Source, *, server: str, via: str, limit: float, more: float, family: int | None = None
) -> Exit:
    """Ask one source of one server: ``limit`` seconds for an answer, and several times where the answers come within ``more``.

    A resolver makes one question of several alike that it has in hand: only those under random labels go side by side.
    """
    if source.wild:
        seen = await _at_once(machine, source, server, limit, more)
    else:
        seen = await _in_turn(machine, source, server, limit, more)
    good = [one for one in seen if one.addresses]
    if not good:
        return Exit(via=via, source=source.text, family=family, error=seen[0].error)
    return Exit(
        via=via,
        source=source.text,
        family=family,
        addresses=tuple(dict.fromkeys(address for one in good for address in one.addresses)),
        samples=len(good),
        subnets=tuple(dict.fromkeys(subnet for one in good for subnet in one.subnets)),
        seconds=min(one.seconds for one in good),
    )


async def _in_turn(machine: Machine, source: Source, server: str, limit: float, more: float) -> "list[_Sample]":
    """Take one sample after another, until one fails or the next would come too late."""
    if limit <= 0:
        return [_Sample(error=NO_TIME)]
    started = time.monotonic()
    seen = [await _sample(machine, source, server, limit)]
    while seen[-1].addresses and len(seen) < SAMPLES:
        left = more - (time.monotonic() - started)
        if left < seen[-1].seconds:
            break
        seen.append(await _sample(machine, source, server, left))
    return seen


async def _at_once(machine: Machine, source: Source, server: str, limit: float, more: float) -> "list[_Sample]":
    """Take all samples at once; return those that came in time, or the first good one that came later."""
    if limit <= 0:
        return [_Sample(error=NO_TIME)]
    tasks = [asyncio.create_task(_sample(machine, source, server, limit)) for _ in range(SAMPLES)]
    try:
        done, pending = await asyncio.wait(tasks, timeout=max(more, 0))
        while pending and not any(task.result().addresses for task in done):
            late, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            done |= late
        return [task.result() for task in done]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One answer."""

    addresses: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str | None = None


async def _sample(machine: Machine, source: Source, server: str, limit: float) -> _Sample:
    try:
        reply, seconds = await exchange(machine, server, question(source), limit)
    except FAILURES as failure:
        return _Sample(error=error_of(failure))
    if reply.rcode():
        return _Sample(error=dns.rcode.to_text(reply.rcode()))
    addresses, subnets = read(reply)
    strange = next((address for address in addresses if not is_public(address)), None)
    if strange is not None:
        return _Sample(error=say("{address}, which is no public address", address=clean(strange)))
    return _Sample(
        addresses=addresses,
        subnets=subnets,
        seconds=seconds,
        error=None if addresses else say("no address in the answer"),
    )


def question(source: Source) -> dns.message.Message:
    """Return a question to a source. Under a name that begins with `*.` each has a label of its own, so that no cache answers it."""
    name = f"{secrets.token_hex(6)}.{source.name[2:]}" if source.wild else source.name
    rdclass = dns.rdataclass.CH if source.chaos else dns.rdataclass.IN
    return dns.message.make_query(name, source.kind, rdclass=rdclass, use_edns=0, payload=PAYLOAD)


def read(reply: dns.message.Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the addresses and the client subnets in an answer.

    Texts hold an address alone, or a word before it: `ns` the resolver's, `ip` a client's by its subnet, `ecs` or
    `edns0-client-subnet` the subnet itself.
    """
    addresses, subnets = list[str](), list[str]()
    for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
        addresses += [record.address for record in records(reply, kind)]
    for record in records(reply, dns.rdatatype.TXT, dns.rdataclass.CH):
        words = b" ".join(record.strings).decode("ascii", "replace").split()
        first, last = (words[0], words[-1]) if words else ("", "")
        if first in {"ecs", "edns0-client-subnet"}:
            subnets += [subnet] if (subnet := "/".join(last.split("/")[:2])) and _is_subnet(subnet) else []
        elif first == "ns" or (len(words) == 1 and _is_address(last)):
            addresses.append(last)
    return tuple(dict.fromkeys(addresses))[:MOST], tuple(dict.fromkeys(subnets))[:MOST]


def _is_subnet(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "%" not in text


def _is_address(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-fA-F.:]+", text)) and ("." in text or ":" in text)
