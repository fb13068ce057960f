"""The sites of the IM service and their domains, as the "RESTful API Overview" lists them."""

import msgspec

from imdoctor.speech import joined, mark, say


class Site(msgspec.Struct, frozen=True):
    """One site: its primary and backup domain. ``ranges`` are the SDKAppIDs seen there, half open.

    ``current`` is False for a site that the documents no longer list.
    """

    name: str
    primary: str
    backup: str
    ranges: tuple[tuple[int, int], ...] = ()
    current: bool = True

    @property
    def domains(self) -> tuple[str, str]:
        """The primary domain, then the backup."""
        return self.primary, self.backup


_M = 1_000_000

DEFAULT_SITE = Site(mark("China"), "console.tim.qq.com", "adminapi.my-imcloud.com")
"""Where an SDKAppID of no other site's range lives, and where a run without settings looks."""

# The ranges stand in Tencent's own web SDK and in no document.
SITES: tuple[Site, ...] = (
    DEFAULT_SITE,
    Site(
        mark("Singapore"),
        "adminapisgp.im.qcloud.com",
        "adminapisgp.my-imcloud.com",
        ((20 * _M, 30 * _M), (1720 * _M, 1730 * _M)),
    ),
    Site(
        mark("Seoul"),
        "adminapikr.im.qcloud.com",
        "adminapikr.my-imcloud.com",
        ((30 * _M, 40 * _M), (1730 * _M, 1740 * _M)),
    ),
    Site(
        mark("Frankfurt"),
        "adminapiger.im.qcloud.com",
        "adminapiger.my-imcloud.com",
        ((40 * _M, 50 * _M), (1740 * _M, 1750 * _M)),
    ),
    Site(
        mark("Mumbai"),
        "adminapiind.im.qcloud.com",
        "adminapiind.my-imcloud.com",
        ((50 * _M, 60 * _M), (1750 * _M, 1760 * _M)),
        current=False,  # dropped from the documents in 2024
    ),
    Site(
        mark("Tokyo"),
        "adminapijpn.im.qcloud.com",
        "adminapijpn.my-imcloud.com",
        ((60 * _M, 70 * _M), (1760 * _M, 1770 * _M)),
    ),
    Site(
        mark("Silicon Valley"),
        "adminapiusa.im.qcloud.com",
        "adminapiusa.my-imcloud.com",
        ((70 * _M, 80 * _M), (1770 * _M, 1780 * _M)),
    ),
    Site(
        mark("Jakarta"),
        "adminapiidn.im.qcloud.com",
        "adminapiidn.my-imcloud.com",
        ((80 * _M, 90 * _M), (1780 * _M, 1790 * _M)),
    ),
)


def site_of_domain(host: str) -> Site | None:
    """Return the site that has ``host`` as a domain, whatever its case and with or without a final dot."""
    name = host.lower().removesuffix(".")
    return next((site for site in SITES if name in site.domains), None)


def site_of_sdkappid(sdkappid: int) -> Site:
    """Return the site that the SDKAppID's range speaks for.

    The ranges are undocumented: whatever follows from them is only ever a warning.
    """
    found = (site for site in SITES for low, high in site.ranges if low <= sdkappid < high)
    return next(found, DEFAULT_SITE)


UNDOCUMENTED = mark("The ranges stand in no document: the console shows the app's data centre.")


def site_chosen(name: str | None, sdkappid: int | None) -> str | None:
    """Say that a site's domain was chosen by an SDKAppID's number, and how little that is worth; None where no site was chosen."""
    site = next((site for site in SITES if site.name == name), None)
    if site is None or sdkappid is None:
        return None
    return joined((say("No endpoint is given."), why_site(site, sdkappid)))


def why_site(site: Site, sdkappid: int) -> str:
    """Say why a site's domain is called, and how little an SDKAppID's number is worth."""
    about = {"site": site.name, "sdkappid": sdkappid}
    if site is DEFAULT_SITE:
        why = say("The domain is that of {site}, since SDKAppID {sdkappid} is in no other site's range.", **about)
    else:
        why = say(
            "The domain is that of {site}, since SDKAppID {sdkappid} looks like one of that site by its number.",
            **about,
        )
    return joined((why, UNDOCUMENTED))


def backup_of(host: str) -> str | None:
    """Return the other domain of the same site, or None where ``host`` is no site's domain."""
    site = site_of_domain(host)
    if site is None:
        return None
    return site.primary if host.lower().removesuffix(".") == site.backup else site.backup
