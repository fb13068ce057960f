"""The sites: every domain, every range, one row on each side of a border."""

import pytest

from imdoctor.im.sites import DEFAULT_SITE, SITES, backup_of, site_chosen, site_of_domain, site_of_sdkappid

DOMAINS = {
    "China": ("console.tim.qq.com", "adminapi.my-imcloud.com"),
    "Singapore": ("adminapisgp.im.qcloud.com", "adminapisgp.my-imcloud.com"),
    "Seoul": ("adminapikr.im.qcloud.com", "adminapikr.my-imcloud.com"),
    "Frankfurt": ("adminapiger.im.qcloud.com", "adminapiger.my-imcloud.com"),
    "Mumbai": ("adminapiind.im.qcloud.com", "adminapiind.my-imcloud.com"),
    "Tokyo": ("adminapijpn.im.qcloud.com", "adminapijpn.my-imcloud.com"),
    "Silicon Valley": ("adminapiusa.im.qcloud.com", "adminapiusa.my-imcloud.com"),
    "Jakarta": ("adminapiidn.im.qcloud.com", "adminapiidn.my-imcloud.com"),
}

SDKAPPIDS = {
    "nothing": (0, "China"),
    "a Chinese one": (1_400_000_000, "China"),
    "a newer Chinese one": (1_600_000_000, "China"),
    "just below the short ranges": (19_999_999, "China"),
    "Singapore's first": (20_000_000, "Singapore"),
    "Singapore's last": (29_999_999, "Singapore"),
    "Seoul's first": (30_000_000, "Seoul"),
    "Frankfurt's first": (40_000_000, "Frankfurt"),
    "Mumbai's first": (50_000_000, "Mumbai"),
    "Tokyo's first": (60_000_000, "Tokyo"),
    "Silicon Valley's first": (70_000_000, "Silicon Valley"),
    "Jakarta's first": (80_000_000, "Jakarta"),
    "Jakarta's last": (89_999_999, "Jakarta"),
    "just above the short ranges": (90_000_000, "China"),
    "just below the long ranges": (1_719_999_999, "China"),
    "Singapore's first long one": (1_720_000_000, "Singapore"),
    "Singapore's last long one": (1_729_999_999, "Singapore"),
    "Seoul's first long one": (1_730_000_000, "Seoul"),
    "Frankfurt's first long one": (1_740_000_000, "Frankfurt"),
    "Mumbai's first long one": (1_750_000_000, "Mumbai"),
    "Tokyo's first long one": (1_760_000_000, "Tokyo"),
    "Silicon Valley's first long one": (1_770_000_000, "Silicon Valley"),
    "Jakarta's first long one": (1_780_000_000, "Jakarta"),
    "Jakarta's last long one": (1_789_999_999, "Jakarta"),
    "just above the long ranges": (1_790_000_000, "China"),
}


def test_the_sites_are_the_documented_ones() -> None:
    """The table has each site once, with both of its domains, and only Mumbai is no longer listed."""
    assert {site.name: site.domains for site in SITES} == DOMAINS
    assert len(SITES) == len(DOMAINS)
    assert [site.name for site in SITES if not site.current] == ["Mumbai"]
    assert DEFAULT_SITE.name == "China"


@pytest.mark.parametrize("name", DOMAINS)
def test_a_domain_leads_to_its_site(name: str) -> None:
    """Primary and backup domain lead to the site and to each other, in any case and with a final dot."""
    primary, backup = DOMAINS[name]
    for host in (primary, backup.upper(), f"{primary}."):
        site = site_of_domain(host)
        assert site is not None
        assert site.name == name
    assert backup_of(primary) == backup
    assert backup_of(f"{backup.title()}.") == primary


@pytest.mark.parametrize(
    "host", ["", ".", "tim.qq.com", "console.tim.qq.com..", "console.tim.qq.com.example", "127.0.0.1"]
)
def test_another_host_is_no_site(host: str) -> None:
    """A host that only resembles a domain leads nowhere."""
    assert site_of_domain(host) is None
    assert backup_of(host) is None


@pytest.mark.parametrize(("sdkappid", "name"), SDKAPPIDS.values(), ids=SDKAPPIDS)
def test_an_sdkappid_leads_to_the_site_of_its_range(sdkappid: int, name: str) -> None:
    """The ranges are half open, and what is in none belongs to China."""
    assert site_of_sdkappid(sdkappid).name == name


def test_a_site_that_was_chosen_is_told() -> None:
    """A site chosen by a number is named with the number, and with how little a range is worth; one that was not is not told."""
    far, near = site_chosen("Singapore", 20_000_000), site_chosen("China", 1_400_000_000)
    assert far is not None
    assert near is not None
    assert (
        "Singapore, since SDKAppID 20000000 looks like one of that site by its number. The ranges stand in no document"
        in far
    )
    assert "China, since SDKAppID 1400000000 is in no other site's range. The ranges stand in no document" in near
    assert [site_chosen(None, 20_000_000), site_chosen("Singapore", None), site_chosen("Atlantis", 1)] == [None] * 3
