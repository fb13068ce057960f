"""Every code is explained."""

import re
from pathlib import Path

import pytest

from imdoctor import registry
from imdoctor.catalogue import Catalogue
from imdoctor.explanation import pages
from imdoctor.im.errorcodes import all_codes
from imdoctor.im.lint_rules import RULES
from imdoctor.render.wrap import columns
from tests.cli.process import here, imdoctor
from tests.commands import commands, shell_words, unset

CHECKS = registry.load().checks
FINDINGS = Catalogue.of(CHECKS).specs
ERRORS = {str(item.code): item for item in all_codes()}
PAGES = pages(CHECKS)


def flat(text: str) -> str:
    """Return a text on one line, its continued commands put together as the shell does."""
    return " ".join(text.replace("\\\n", "\n").split())


@pytest.mark.parametrize("code", [*FINDINGS, *RULES, *ERRORS])
def test_every_code_is_explained(tmp_path: Path, code: str) -> None:
    """All that is to be said of a code is printed, in 80 columns, and each command can be pasted as it stands there."""
    done = here(tmp_path, "explain", code)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{code} (")
    assert all(columns(line) <= 80 for line in done.out.splitlines())
    for part in PAGES[code].parts:
        for sentence in part.sentences:
            assert unset(sentence) in unset(done.out)
            for command in commands(sentence):
                assert shell_words(command) in shell_words(done.out)


def test_a_finding_has_all_of_it_in_order(tmp_path: Path) -> None:
    """A finding's page has its severity, its step, its causes in order, how to see it, what to do, what it may explain."""
    out = here(tmp_path, "explain", "probe.idle-drop").out
    assert out.startswith("probe.idle-drop (warn): Idle connections die without a word\n")
    marks = (
        "\nMessage: after IDLE s of rest",
        "\nMeaning: ",
        "\nStep of the vendor's list: 5, ",
        "\nUsual causes, the commonest first:\n  1. ",
        "\n  2. ",
        "\nTo confirm by hand (put in what stands in capitals):\n  - ",
        "\nWhat to do:\n  1. ",
    )
    places = [out.find(mark) for mark in marks]
    assert places == sorted(places)
    assert places[0] > 0
    assert "\nMay be the reason of: " in here(tmp_path, "explain", "tls.cert-expired").out


def test_an_error_code_tells_its_source_and_whose_word_the_rest_is(tmp_path: Path) -> None:
    """What imdoctor infers is marked as its own."""
    out = flat(here(tmp_path, "explain", "60026").out)
    assert "Retry class: configuration, it stays until somebody changes something (imdoctor's own inference)." in out
    assert "Source: the newest official table." in out
    assert "As a finding: probe.site-mismatch" in out
    assert "Step of the vendor's list: 3, " in out


def test_a_blocked_check_is_explained(tmp_path: Path) -> None:
    """`NAME.blocked` stands in reports beside the codes, and is explained like them."""
    done = here(tmp_path, "explain", "probe.blocked")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("probe.blocked (no finding): The check could not be asked\n")


def test_all_codes_are_listed(tmp_path: Path) -> None:
    """The list has every finding code with its severity and title under its check, then every error code under its family."""
    done = here(tmp_path, "explain", "--list")
    assert (done.code, done.err) == (0, "")
    assert all(columns(line) <= 80 for line in done.out.splitlines())
    told = re.findall(r"^  (?:(fail|warn|info)  )?(\S+)  +(\S.*)$", done.out, re.MULTILINE)
    rows = {code: (severity, title) for severity, code, title in told}
    assert list(rows) == [*FINDINGS, *RULES, *ERRORS]
    severities = {code: spec.severity for code, spec in FINDINGS.items()} | {
        code: rule.severity for code, rule in RULES.items()
    }
    assert {code: rows[code][0] for code in severities} == severities
    assert all(spec.title in flat(done.out) for spec in FINDINGS.values())
    heads = re.findall(r"^(\w[\w ]*): ", done.out, re.MULTILINE)
    assert heads == [
        *(check.name for check in CHECKS),
        "request",
        "REST errors",
        "account and usersig errors",
        "content errors",
    ]


@pytest.mark.parametrize("arguments", [("explain",), ("explain", "tls.slow", "--list")], ids=" ".join)
def test_one_code_or_all_of_them(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Without a code, and with a code beside --list, it is a usage error that says what to write."""
    done = here(tmp_path, *arguments)
    assert (done.code, done.out) == (64, "")
    assert "name one code, such as tls.cert-expired or 60026, or write --list" in done.err


@pytest.mark.parametrize(
    "code",
    ["1", "0", "-1", "9" * 40, "60026\N{DIGIT SIX}\N{SUPERSCRIPT TWO}", "tls.", "tls", "", "TLS.SLOW", "probe.blockd"],
)
def test_an_unknown_code_is_a_usage_error(tmp_path: Path, code: str) -> None:
    """Whatever is no code is answered with an error and no page."""
    done = here(tmp_path, "explain", "--", code)
    assert (done.code, done.out) == (64, "")
    assert done.err


@pytest.mark.parametrize("arguments", [("dns.hijacked",), ("70107",), ("--list",)], ids=" ".join)
def test_a_narrow_terminal_is_kept_to(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Every line keeps to the terminal's columns; without a terminal there is no colour, and 80 of them."""
    narrow = imdoctor(tmp_path, "explain", *arguments, environ={"COLUMNS": "44"})
    wide = imdoctor(tmp_path, "explain", *arguments)
    assert narrow.code == wide.code == 0
    assert max(map(columns, narrow.out.splitlines())) <= 44 < max(map(columns, wide.out.splitlines())) <= 80
    assert "\x1b" not in wide.out
