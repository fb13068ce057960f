"""The catalogues: every sentence is translated, none is obsolete, and each translation keeps what must not be translated."""

import re
import string
from collections import Counter

import polib
import pytest

from imdoctor import speech
from tests.speech.catalogue import head_of, path_of, written
from tests.speech.sentences import COMMAND, said_in, sentences

SAID = sentences()
LANGUAGES = list(speech.CATALOGUES)
HAN, FULL = "[\u4e00-\u9fff]", "[\uff0c\u3002\uff1b\uff1a\uff08\uff09\uff1f\uff01\u3001]"
CHINESE = speech.catalogue("zh")

AGAIN = "`python -m tests.speech.catalogue` writes the catalogue anew, and leaves what is to be translated empty"


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_translated(language: speech.Language) -> None:
    """A sentence without a translation fails here."""
    assert len(SAID) > 1000
    assert [sentence for sentence in SAID if not speech.catalogue(language).get(sentence)] == [], AGAIN


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_obsolete(language: speech.Language) -> None:
    """A translation of what is said no more fails here."""
    assert [sentence for sentence in speech.catalogue(language) if sentence not in SAID] == [], AGAIN


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_is_as_it_would_be_written_anew(language: speech.Language) -> None:
    """The sentences stand in the file by the places where they are said, so that a change shows as one."""
    text = path_of(language).read_text("utf-8")
    assert text == written(head_of(text), SAID, speech.catalogue(language)), AGAIN


@pytest.mark.parametrize("language", LANGUAGES)
def test_gettexts_own_readers_read_the_same(language: speech.Language) -> None:
    """The file is one of gettext's: another reader finds the same translations in it."""
    read = polib.pofile(str(path_of(language)))
    assert {entry.msgid: entry.msgstr for entry in read} == dict(speech.catalogue(language))
    assert read.metadata["Language"] == speech.CATALOGUES[language].split("/")[1]


def fields(template: str) -> Counter[tuple[str, str | None, str | None]]:
    """Return a template's fields, each with its format; an empty count for what is no template."""
    try:
        return Counter(
            (field, form, conversion)
            for _, field, form, conversion in string.Formatter().parse(template)
            if field is not None
        )
    except ValueError:
        return Counter()


@pytest.mark.parametrize("sentence", CHINESE)
def test_a_translation_keeps_what_is_no_language(sentence: str) -> None:
    """Its fields, its commands, and the ends that join it to others are those of the original."""
    other = CHINESE[sentence]
    assert fields(other) == fields(sentence)
    assert Counter(COMMAND.findall(other)) == Counter(COMMAND.findall(sentence))
    assert other.count("`") == sentence.count("`")
    assert len(re.split(r"\n\s*\n", other)) == len(re.split(r"\n\s*\n", sentence))
    assert other.endswith("\n") == sentence.endswith("\n")


@pytest.mark.parametrize("sentence", CHINESE)
def test_chinese_is_set_as_in_the_documents(sentence: str) -> None:
    """Between Chinese and Latin letters or figures stands a space; punctuation among Chinese is full-width, with no space at it."""
    plain = re.sub(r"`[^`]*`|\{[^}]*\}", "`", CHINESE[sentence])
    assert not re.search(f"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}", plain)
    assert not re.search(f"{HAN}[,;:!?()]|[,;:!?(]{HAN}", plain)
    assert not re.search(f"{FULL} (?!$)|(?<!^) {FULL}", plain)


def test_a_sentence_that_is_no_literal_is_refused() -> None:
    """What cannot be read out of the code cannot be translated."""
    assert list(said_in('say("a {b}", b=c); mark("d"); count(n, "e", "f"); other("g")', "x.py")) == [
        "a {b}",
        "d",
        "e",
        "f",
    ]
    with pytest.raises(TypeError, match=r"x\.py:2: say"):
        list(said_in("\nsay(text)", "x.py"))
