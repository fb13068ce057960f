"""The catalogues hold a translation of every sentence that the program says, and nothing else."""

import re

import pytest

from imdoctor import speech
from tests.speech.sentences import sentences

SAID = sentences()


@pytest.mark.parametrize("language", speech.CATALOGUES)
def test_every_sentence_is_translated(language: speech.Language) -> None:
    """No sentence is without a translation, and none stands in a catalogue that is said no more."""
    known = {sentence: told for sentence, told in speech.catalogue(language).items() if sentence}
    assert [sentence for sentence in SAID if not known.get(sentence)] == []
    assert [sentence for sentence in known if sentence not in SAID] == []
    assert len(SAID) > 1000


@pytest.mark.parametrize("language", speech.CATALOGUES)
def test_what_is_filled_in_or_typed_is_the_same(language: speech.Language) -> None:
    """A translation names the same values in braces, and the same commands between backticks."""
    known = speech.catalogue(language)
    for pattern in (r"\{[^{}]*\}", r"`[^`]*`"):
        differing = [
            sentence
            for sentence in SAID
            if sorted(re.findall(pattern, sentence)) != sorted(re.findall(pattern, known[sentence]))
        ]
        assert differing == []
