"""The error codes: none is missing, each leads to the finding that the contract names."""

import pytest

from imdoctor.im.errorcodes import ErrorCode, all_codes, family, finding_for, lookup
from tests.commands import commands

# As the sources mark them: S the overview of 2020, O the newest official table, then earlier and legacy documents.
SOURCES: dict[str, tuple[int, ...]] = {
    "S": (80001,),
    "O": (
        *(60002, 60003, 60004, 60005, 60007, 60008, 60009, 60010, 60012, 60013, 60014, 60015, 60016, 60017, 60018),
        *(60020, 60021, 60025, 60026, 60027, 60028),
        *(70001, 70003, 70009, 70013, 70014, 70016, 70020, 70050, 70051, 70107, 70169, 70398, 70402, 70403, 70500),
    ),
    "O-earlier": (60006, 60011, 60019, 70002, 70005, 70052, 70114, 70202),
    "legacy": (70004, 70006, 70007, 70008, 70010, 70011, 70012, 70015, 70346, 70347),
}
RETRY: dict[str, tuple[int, ...]] = {
    "transient": (60008, 60014, 70169, 70202, 70500),
    "rate": (60007, 60011, 60018, 60019, 60028, 70050),
}
OVERVIEW_OF_2020 = (80001, *range(60002, 60016))

FINDINGS: dict[str, tuple[int, ...]] = {
    "probe.site-mismatch": (60026, 70016, 70020),
    "probe.backend-timeout": (60008,),
    "probe.rate-limited": RETRY["rate"],
    "usersig.wrong-key": (70009,),
    "usersig.identifier-mismatch": (70013,),
    "usersig.sdkappid-mismatch": (70014,),
    "usersig.rejected": (*range(70002, 70009), 70010, 70011, 70012, 70015, 70052),
}
ELSEWHERE = (60010, 60002, 60012, 70051, 70053, 70107, 70402, 70403, 80001, 70000, 70017, 1, -1, 10002, 99999)


def known(code: int) -> ErrorCode:
    """Return the entry of a code that must be in the table."""
    entry = lookup(code)
    assert entry is not None
    return entry


def test_no_code_is_missing() -> None:
    """The table has every known code once, in order, each with its source."""
    wanted = {code: source for source, codes in SOURCES.items() for code in codes}
    assert {entry.code: entry.source for entry in all_codes()} == wanted
    assert [entry.code for entry in all_codes()] == sorted(wanted)
    assert set(OVERVIEW_OF_2020) <= wanted.keys()


@pytest.mark.parametrize("entry", all_codes(), ids=lambda entry: str(entry.code))
def test_every_code_says_what_it_means_and_what_to_do(entry: ErrorCode) -> None:
    """Meaning, causes, ways to confirm and remedy are sentences; there are several causes, and always something to do."""
    assert lookup(entry.code) == entry
    for sentence in (entry.meaning, *entry.causes, *entry.confirm, *entry.remedy, entry.seed_meaning or "A sentence."):
        assert sentence[0].isupper()
        assert sentence[-1] == "."
    assert entry.remedy
    assert len(set(entry.causes)) > 1
    assert entry.confirm
    assert [sentence for sentence in entry.confirm if not commands(sentence)] == []


@pytest.mark.parametrize("entry", all_codes(), ids=lambda entry: str(entry.code))
def test_every_code_has_its_retry_class(entry: ErrorCode) -> None:
    """What is neither transient nor a matter of rate is a matter of configuration."""
    told = next((name for name, codes in RETRY.items() if entry.code in codes), "configuration")
    assert entry.retry == told


def test_the_overview_keeps_its_word() -> None:
    """Where the newer table says something else, the overview's meaning is kept beside it."""
    assert [entry.code for entry in all_codes() if entry.seed_meaning] == [60004, 60005]
    assert "signature" in (known(60004).seed_meaning or "")


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        *((code, finding) for finding, codes in FINDINGS.items() for code in codes),
        *((code, "probe.error-code") for code in ELSEWHERE),
    ],
)
@pytest.mark.parametrize("expired_here", [True, False])
def test_a_code_leads_to_its_finding(code: int, finding: str, *, expired_here: bool) -> None:
    """Only 70001 depends on whether the usersig is expired here as well."""
    assert finding_for(code, expired_here=expired_here) == finding


def test_every_code_of_the_table_has_a_finding_that_the_tests_know() -> None:
    """No code of the table leads to a finding that this module does not list for it."""
    for entry in all_codes():
        told = next((finding for finding, codes in FINDINGS.items() if entry.code in codes), "probe.error-code")
        assert entry.finding == (told if entry.code != 70001 else "usersig.expired")


@pytest.mark.parametrize(("expired_here", "finding"), [(True, "usersig.expired"), (False, "usersig.rejected")])
def test_an_expired_usersig_is_a_matter_of_two_clocks(finding: str, *, expired_here: bool) -> None:
    """70001 is an expired usersig if this host's clock agrees, and a refused one if not."""
    assert finding_for(70001, expired_here=expired_here) == finding


def test_success_leads_to_no_finding() -> None:
    """Asking for the finding of success is a mistake of the caller's."""
    with pytest.raises(ValueError, match="success"):
        finding_for(0, expired_here=False)


@pytest.mark.parametrize("code", [0, -60002, 60001, 60029, 70000, 123456])
def test_an_unknown_code_is_unknown(code: int) -> None:
    """Nothing is made up about a code that no table has."""
    assert lookup(code) is None


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (60000, "REST"),
        (60999, "REST"),
        (61000, "unknown"),
        (59999, "unknown"),
        (70500, "account and usersig"),
        (80001, "content"),
        (90001, "messages"),
        (10004, "groups"),
        (20002, "messaging"),
        (30001, "friends"),
        (40001, "profile"),
        (50001, "conversation"),
        (600020, "unknown"),
        (60, "unknown"),
        (0, "unknown"),
        (-60002, "unknown"),
    ],
)
def test_a_code_has_a_family(code: int, name: str) -> None:
    """The first two of five digits name the family."""
    assert family(code) == name
