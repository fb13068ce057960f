"""The sentences of the built-in checks' finding codes: nothing is missing, and each can be translated and filled in."""

import string
from collections.abc import Iterable

import pytest

from imdoctor import Spec, registry
from imdoctor.catalogue import Catalogue
from tests.commands import commands

SPECS = Catalogue.of(registry.load().checks).specs
EVERYWHERE = {"address", "host", "port", "endpoint", "sdkappid", "identifier"}
"""What every template may name (imdoctor.catalogue.fill)."""


def fields(templates: Iterable[str]) -> set[str]:
    """Return what templates name in braces."""
    return {name for template in templates for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_code_is_whole(spec: Spec) -> None:
    """A code has two causes at least, a way to confirm it, and something to do beside that."""
    assert len(set(spec.causes)) == len(spec.causes) > 1
    assert spec.confirm
    assert set(spec.remedy) - set(spec.confirm)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_sentence_is_one(spec: Spec) -> None:
    """Causes and ways to confirm are whole sentences, as a translator needs them; each way has a command to paste."""
    for sentence in (*spec.causes, *spec.confirm):
        assert sentence[0].isupper()
        assert sentence[-1] == "."
        assert sentence.count("`") % 2 == 0
    assert [sentence for sentence in spec.confirm if not commands(sentence)] == []


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_sentence_names_what_the_finding_has(spec: Spec) -> None:
    """What stands in braces is known to every finding, or named by the finding's own message, reason or remedy as well."""
    assert not fields(spec.causes)
    assert fields(spec.confirm) <= EVERYWHERE | fields((spec.message, spec.why, *spec.remedy))
