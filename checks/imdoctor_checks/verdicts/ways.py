"""Resolvers and ways out as measurements of the unit "info": for those who group hosts by them."""

from collections.abc import Callable, Iterator, Sequence

from imdoctor import Measurement
from imdoctor.net.geo import Told
from imdoctor.net.resolvers import classify
from imdoctor_checks.observations import DnsSeen, EgressSeen
from imdoctor_checks.verdicts.places import country, operator, places_of, province


def resolvers(seen: DnsSeen) -> Iterator[Measurement]:
    """Yield each nameserver: which it is in resolv.conf's order, and whose."""
    for position, server in enumerate(seen.servers, 1):
        known = classify(server.server)
        labels = {"server": server.server, "position": str(position), "kind": known.kind, "owner": known.owner}
        yield _info("resolver", labels)


def exits(egress: EgressSeen | None) -> Iterator[Measurement]:
    """Yield each address by which a nameserver, this host ("direct") or the proxy leaves for the Internet, and where that is."""
    if egress is None:
        return
    shown = [(one.via, address) for one in egress.exits for address in one.addresses]
    shown += [(echo.via, echo.address) for echo in egress.echoes if echo.address]
    for via, address in dict.fromkeys(shown):
        told = places_of(egress, address)
        place = {
            "country": _first(told, country, lambda one: one.country),
            "region": _first(told, province, lambda one: one.region),
            "isp": _first(told, operator, lambda one: one.isp),
        }
        yield _info("egress", {"server": via, "address": address, **place})


def _first(told: Sequence[Told], known: Callable[[Told], str | None], raw: Callable[[Told], str | None]) -> str | None:
    """Return what is recognised, so that hosts can be compared; else a source's own word."""
    values = (*map(known, told), *map(raw, told))
    return next((value for value in values if value), None)


def _info(name: str, labels: dict[str, str | None]) -> Measurement:
    return Measurement(name, 1.0, "info", {key: value for key, value in labels.items() if value})
