"""The options of the `dns` check, which the looks at third parties heed as well."""

import msgspec

from imdoctor import Context, FilePath, Seconds
from imdoctor.check import is_address
from imdoctor.net.egress import BUILT_IN, Source, check_name, parse_source
from imdoctor.net.geo import ASN_ZONE, origin_name

DEFAULT = "default"
"""Stands for the built-in sources in a list of them."""


class Geo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What tells where an address is. No data comes with imdoctor; the extra `geo` brings the readers.

    mmdb: a file in MaxMind's format, relative to the configuration's folder.
    xdb: a file in ip2region's format, relative to the configuration's folder.
    asn_zone: a zone in the layout of Team Cymru's, which says over DNS what network announces an address. null: none is asked.
    """

    mmdb: FilePath | None = None
    xdb: FilePath | None = None
    asn_zone: str | None = ASN_ZONE

    def __post_init__(self) -> None:
        """Refuse a zone under which no address can be asked for."""
        try:
            check_name(origin_name("::", self.asn_zone or ASN_ZONE))
        except ValueError:
            raise ValueError(f"asn_zone: {self.asn_zone!r:.90} is no zone: write one such as {ASN_ZONE}") from None

    @property
    def files(self) -> bool:
        """Whether a file is named."""
        return self.mmdb is not None or self.xdb is not None


class DnsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The look-up, and step 4 of the vendor's list.

    nameservers: addresses to ask instead of resolv.conf's.
    slow: an answer that takes longer is a warning.
    third_party: whether whoami names, echoes and a public resolver are asked; false is --no-third-party for good.
    third_party_timeout: of all third parties together.
    whoami: what shows by which address a resolver, or this host, leaves for the Internet: `TYPE NAME`, `TYPE NAME@SERVER` or an
        https URL each; "default" stands for the built-in sources.
    public_resolvers: addresses to ask in the place of the built-in ones, for a second opinion, for what this host's own prefix is
        given, and as controls. []: none is asked.
    geo: what tells where an address is.
    """

    nameservers: tuple[str, ...] | None = None
    slow: Seconds = 0.2
    third_party: bool = True
    third_party_timeout: Seconds = 1.0
    whoami: tuple[str, ...] = (DEFAULT,)
    public_resolvers: tuple[str, ...] | None = None
    geo: Geo = Geo()

    def __post_init__(self) -> None:
        """Refuse a source that cannot be read, and a resolver that is no address."""
        for text in self.whoami:
            if text != DEFAULT:
                parse_source(text)
        for key, given in (("nameservers", self.nameservers), ("public_resolvers", self.public_resolvers)):
            strange = next((one for one in given or () if not is_address(one)), None)
            if strange is not None:
                raise ValueError(f"{key}: {strange!r:.90} is no address: write one such as 223.5.5.5")

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources, in the order in which they are asked."""
        texts = [one for text in self.whoami for one in (BUILT_IN if text == DEFAULT else (text,))]
        return tuple(parse_source(text) for text in dict.fromkeys(texts))


def dns_options(ctx: Context) -> DnsOptions:
    """Return the options of the run's `dns` check."""
    return ctx.settings.options("dns", DnsOptions)


def may_ask_others(ctx: Context) -> bool:
    """Tell whether third parties may be asked."""
    return ctx.settings.third_party and dns_options(ctx).third_party
