"""Which resolvers a host uses: resolv.conf(5), systemd-resolved's upstreams, nsswitch.conf(5), hosts(5)."""

import msgspec

from imdoctor.net.machine import Machine


class ResolvConf(msgspec.Struct, frozen=True, kw_only=True):
    """resolv.conf as read; ``error`` is an errno's name when it could not be."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2
    error: str | None = None


def nameservers(machine: Machine) -> tuple[str, ...]:
    """Return the nameservers that the C library asks, in its order (resolv.conf(5): the first three)."""
    raise NotImplementedError
