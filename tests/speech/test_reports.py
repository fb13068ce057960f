"""Reports in Chinese: every sentence of every world is told, and nothing else changes."""

import json
import re
from collections.abc import Iterator
from functools import cache

import msgspec
import pytest
from msgspec.structs import replace

from imdoctor import registry
from imdoctor.judgement import in_words
from imdoctor.model import Attempt, Report, TargetReport
from imdoctor.runner import judge
from imdoctor.speech import retold, speaking
from tests.render.worlds import saved

WORLDS = sorted(saved())
ENGLISH = re.compile(r"[a-z']{2,}(?:,? [a-z']{2,}){2,}")
"""Three words or more in a row."""


@cache
def both(world: str) -> tuple[Report, Report]:
    """Return a world's report, judged anew, in English and in Chinese."""
    checks = registry.load().checks
    english = judge(saved()[world], checks)
    return english, in_words(english, checks, "zh")


def told(target: TargetReport) -> Iterator[str]:
    """Yield every sentence of a target's report."""
    for cause in target.diagnosis:
        yield from (cause.title, cause.why, *cause.remedy, *cause.because)
    for check in target.checks:
        yield check.summary
        yield from (check.notes or ())
        yield from (finding.message for finding in check.findings)


@pytest.mark.parametrize("world", WORLDS)
def test_every_sentence_is_told_in_chinese(world: str) -> None:
    """What is English still is a command, or somebody's own words: OpenSSL's, a server's, as they were observed."""
    english, chinese = both(world)
    for one, other in zip(english.targets, chinese.targets, strict=True):
        observed = json.dumps(msgspec.to_builtins([check.observation for check in one.checks]), ensure_ascii=False)
        for before, after in zip(told(one), told(other), strict=True):
            assert after != before or not before
            left = ENGLISH.findall(re.sub(r"`[^`]*`", "", after))
            assert [words for words in left if words not in observed] == [], after


@pytest.mark.parametrize("world", WORLDS)
def test_what_an_agent_keeps_of_a_cause_is_told_as_the_report_tells_it(world: str) -> None:
    """A cause's title and first remedy, which the history has in English, come to the same Chinese by their words alone."""
    english, chinese = both(world)
    for one, other in zip(english.targets, chinese.targets, strict=True):
        for before, after in zip(one.diagnosis, other.diagnosis, strict=True):
            with speaking("zh"):
                told = [retold(text) for text in (before.title, *before.remedy[:1])]
            assert told == [after.title, *after.remedy[:1]]


def without_words(report: Report) -> object:
    """Return all of a report but its sentences."""
    named = {"title", "why", "remedy", "because", "summary", "notes", "message", "data"}

    def bare(value: object) -> object:
        if isinstance(value, dict):
            return {key: bare(item) for key, item in value.items() if key not in named}
        return [bare(item) for item in value] if isinstance(value, list) else value

    return bare(msgspec.to_builtins(report))


@pytest.mark.parametrize("world", WORLDS)
def test_nothing_but_the_words_changes(world: str) -> None:
    """Codes, statuses, numbers, addresses and observations are the same."""
    english, chinese = both(world)
    assert without_words(chinese) == without_words(english)


def test_english_again_is_the_same() -> None:
    """Told in English, a report is what it was."""
    english, _ = both("tls.cert-expired/leaf")
    assert in_words(english, registry.load().checks, "en") == english


def test_a_check_that_is_not_installed_keeps_its_words() -> None:
    """Its observation cannot be judged here; the others' are."""
    english, _ = both(WORLDS[0])
    checks = [check for check in registry.load().checks if check.name != "tls"]
    chinese = in_words(english, checks, "zh")
    summaries = {check.name: check.summary for check in chinese.targets[0].checks}
    assert summaries["tls"] == next(check.summary for check in english.targets[0].checks if check.name == "tls")
    assert summaries["client"] != next(check.summary for check in english.targets[0].checks if check.name == "client")


def test_earlier_attempts_are_told_as_well() -> None:
    """Their observations were not kept, so their messages are found by their words."""
    english, _ = both("tcp.refused/nobody-listens")
    target = english.targets[0]
    checks = [replace(one, attempts=[Attempt(status="fail", findings=one.findings)]) for one in target.checks]
    tried = replace(english, targets=[replace(target, checks=checks)])
    chinese = in_words(tried, registry.load().checks, "zh")
    messages = [
        (before.message, after.message)
        for one, other in zip(checks, chinese.targets[0].checks, strict=True)
        for before, after in zip(one.attempts[0].findings, other.attempts[0].findings, strict=True)
    ]
    assert messages
    assert all(before != after for before, after in messages)
