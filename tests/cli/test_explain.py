"""Every code is explained."""

from pathlib import Path

import pytest

from imdoctor import registry
from imdoctor.catalogue import Catalogue
from imdoctor.im.errorcodes import all_codes
from imdoctor.render.wrap import columns
from tests.cli.process import here

FINDINGS = sorted(Catalogue.of(registry.load().checks).specs)
ERRORS = [str(item.code) for item in all_codes()]


@pytest.mark.parametrize("code", [*FINDINGS, *ERRORS])
def test_every_code_is_explained(tmp_path: Path, code: str) -> None:
    """Each code has its meaning and its remedy, within the width, with no field left in braces."""
    done = here(tmp_path, "explain", code)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{code} (")
    assert "What to do:\n  1. " in done.out
    assert "{" not in done.out.replace("{}", "").replace('{"', "").replace("%{", "")
    assert all(columns(line) < 100 for line in done.out.splitlines())


def test_a_finding_names_what_it_may_explain(tmp_path: Path) -> None:
    """A finding's page has its severity, its causes and what it may be the reason of."""
    out = here(tmp_path, "explain", "tls.cert-expired").out
    assert out.startswith("tls.cert-expired (fail): ")
    assert "Usual causes: " in out
    assert "May be the reason of: " in out


def test_an_error_code_tells_its_source_and_whose_word_the_rest_is(tmp_path: Path) -> None:
    """What imdoctor infers is marked as its own."""
    out = " ".join(here(tmp_path, "explain", "60026").out.split())
    assert "(imdoctor's own inference)" in out
    assert "Source: the newest official table" in out
    assert "As a finding: probe.site-mismatch" in out
