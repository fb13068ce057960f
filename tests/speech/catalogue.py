"""Writes the catalogues anew, by what the code says: `python -m tests.speech.catalogue`.

Translations are kept, what is said no more goes, and what is new stands there with an empty translation, to be written.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from imdoctor import speech
from tests.speech.sentences import ROOT, sentences


def path_of(language: speech.Language) -> Path:
    """Return the file of a language's catalogue."""
    return ROOT / "imdoctor" / speech.CATALOGUES[language]


def written(head: str, said: Mapping[str, str], translations: Mapping[str, str]) -> str:
    """Return a catalogue: its head, and every sentence with its file and its translation."""
    return head.rstrip("\n") + "\n" + "".join(_entries(said, translations))


def _entries(said: Mapping[str, str], translations: Mapping[str, str]) -> Iterator[str]:
    for place, members in groupby(said.items(), key=lambda one: one[1]):
        for sentence, _ in members:
            yield f"\n#. {place}\nmsgid {_quoted(sentence)}\nmsgstr {_quoted(translations.get(sentence, ''))}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def head_of(text: str) -> str:
    """Return what stands before a catalogue's first sentence: the glossary, and the entry that says what this file is."""
    return text.partition("\n#. ")[0]


def main() -> None:
    """Write every catalogue, and say how many sentences want a translation."""
    said = sentences()
    for language in speech.CATALOGUES:
        path, known = path_of(language), speech.catalogue(language)
        path.write_text(written(head_of(path.read_text("utf-8")), said, known), "utf-8")
        missing = [sentence for sentence in said if not known.get(sentence)]
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(said)} sentences, {len(missing)} without a translation\n")


if __name__ == "__main__":
    main()
