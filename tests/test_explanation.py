"""What is said of a code: its parts, its step, its commands."""

import re
import subprocess
from collections.abc import Mapping
from typing import ClassVar

import pytest

from imdoctor import registry
from imdoctor.check import Spec
from imdoctor.cli import COMMANDS
from imdoctor.explanation import Page, finding_page, pages
from tests.commands import ANYWHERE, PACKAGES, commands, programs
from tests.examples import Number

CHECKS = registry.load().checks
PAGES = pages(CHECKS)
CONFIRM = "To confirm by hand"
BY_HAND = [
    (code, command)
    for code, page in PAGES.items()
    for part in page.parts
    if part.title.startswith(CONFIRM)
    for sentence in part.sentences
    for command in commands(sentence)
]


def said(page: Page, title: str) -> tuple[str, ...]:
    """Return what a page says under a title, or under one that begins so; nothing when it has no such part."""
    return next((part.sentences for part in page.parts if part.title.startswith(title)), ())


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_code_has_every_part(page: Page) -> None:
    """Each finding code and each error code has its step, several causes, a way to confirm, and something to do."""
    assert len(said(page, "Usual causes")) > 1
    assert all(said(page, title) for title in (CONFIRM, "What to do", "Step of the vendor's list"))


@pytest.mark.parametrize(("code", "command"), BY_HAND)
def test_a_command_can_be_pasted(code: str, command: str) -> None:
    """A command is one that the shell can read, of programs whose packages the page of codes names, or of imdoctor's own."""
    del code
    done = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    called = programs(command)
    assert called
    assert called <= {*ANYWHERE, *PACKAGES, "imdoctor"}
    assert set(re.findall(r"imdoctor ([a-z]+)", command)) <= {*COMMANDS}


def test_every_package_is_of_use() -> None:
    """No package is named of whose programs no command calls one."""
    called = {program for _, command in BY_HAND for program in programs(command)}
    assert set(PACKAGES) <= called


@pytest.mark.parametrize(
    ("command", "called"),
    [
        ("dig A | grep 'a | b'", {"dig", "grep"}),
        ("for a in $(getent x | awk '{print $1}'); do echo $a; nc -z $a; done", {"getent", "awk", "echo", "nc"}),
        ("(printf 'x'; sleep 2) | openssl s_client", {"printf", "sleep", "openssl"}),
        ("sudo ss -l; time curl x 2>&1", {"ss", "curl"}),
    ],
)
def test_programs_are_found(command: str, called: set[str]) -> None:
    """The programs of a command are those that the shell would start."""
    assert programs(command) == called


class Shelf(Number):
    """A check of somebody else's, with a Spec for each way of writing one."""

    findings: ClassVar[Mapping[str, Spec]] = {
        "number.bare": Spec("warn", "Bare", "{number} of {host}", "So it is.", ("Lower it.",)),
        "number.whole": Spec(
            "fail",
            title="Whole",
            message="{number:.0f} costs {{}}",
            why="So it is.",
            causes=("One.", "Two."),
            confirm=("Look: `curl -w '%{{http_code}}' {host}`.",),
            remedy=("Look: `curl -w '%{{http_code}}' {host}`.", "Lower it."),
            explains=("number.[!w]*", "probe.*"),
            step=5,
        ),
    }


OTHERS = pages([Shelf()])
TEMPLATES = {
    "a field": ("{number} of {host}", ("NUMBER of HOST",)),
    "a field with its format": ("{number:.0f} or {text!r}", ("NUMBER or TEXT",)),
    "doubled braces": ("%{{http_code}}", ("%{http_code}",)),
    "a field alone": ("{advice}", ()),
    "no field": ("plain", ("plain",)),
    "no template": ("50 %{", ("50 %{",)),
}


def test_an_author_need_not_say_it_all() -> None:
    """A code without causes and ways to confirm is explained without them, at its check's step."""
    page = OTHERS["number.bare"]
    assert [part.title for part in page.parts] == ["Message", "Meaning", "Step of the vendor's list", "What to do"]
    assert said(page, "Step")[0].startswith("2, ")


@pytest.mark.parametrize("name", TEMPLATES)
def test_fields_are_words_to_replace(name: str) -> None:
    """A template's field stands there in capitals, its doubled braces once; one that says nothing is left out."""
    template, told = TEMPLATES[name]
    spec = Spec("info", "Look", template, "So it is.", ("Look.",), confirm=(template,))
    page = finding_page("number.look", spec, Number(), ())
    assert (said(page, "Message"), said(page, CONFIRM)) == (told, told)


def test_what_confirms_is_not_said_twice() -> None:
    """What stands under the ways to confirm is left out of what to do."""
    assert said(OTHERS["number.whole"], "What to do") == ("Lower it.",)


def test_a_finding_may_be_of_another_step_than_its_check() -> None:
    """A Spec's own step counts before its check's."""
    assert said(OTHERS["number.whole"], "Step")[0].startswith("5, ")


def test_what_it_explains_is_named_so_that_people_can_read_it() -> None:
    """A pattern of exceptions is written out; one that takes all of a check stays."""
    assert said(OTHERS["number.whole"], "May be the reason of") == ("number.bare, probe.*",)


def test_only_looking_is_better_than_nothing() -> None:
    """Where everything to do is a way to confirm as well, it stands under both."""
    look = ("Look: `date`.",)
    spec = Spec("info", "Look", "seen", "So it is.", look, confirm=look)
    assert said(finding_page("number.look", spec, Number(), ()), "What to do") == look
