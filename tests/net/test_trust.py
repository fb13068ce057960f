"""Trust stores: a chain held against another store, and as of another time."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from imdoctor.lab.authority import Authority
from imdoctor.net.trust import holds, passes, passes_at

NAME = "im.example.com"
DAY = 86400.0
KNOWN, OTHER = Authority("Known"), Authority("Other")
NOW = KNOWN.now.timestamp()
LEAF = KNOWN.leaf(NAME, by_intermediate=True)
CHAIN = [LEAF.pem().decode(), KNOWN.intermediate.pem().decode()]
EXPIRED = [KNOWN.leaf(NAME, starts=-90, ends=-10).pem().decode()]


def store(folder: Path, *authorities: Authority) -> str:
    """Write a store of these authorities' roots."""
    file = folder / "store.pem"
    file.write_bytes(b"".join(one.root.pem() for one in authorities))
    return str(file)


@pytest.mark.parametrize(
    ("authorities", "chain", "name", "expected"),
    [
        pytest.param((KNOWN,), CHAIN, NAME, True, id="known"),
        pytest.param((OTHER, KNOWN), CHAIN, NAME, True, id="one of two"),
        pytest.param((OTHER,), CHAIN, NAME, False, id="unknown"),
        pytest.param((KNOWN,), CHAIN[:1], NAME, False, id="the intermediate is missing"),
        pytest.param((KNOWN,), CHAIN, "other.example", False, id="another name"),
        pytest.param((KNOWN,), EXPIRED, NAME, False, id="expired"),
        pytest.param((), CHAIN, NAME, None, id="an empty store"),
        pytest.param((KNOWN,), ["no certificate"], NAME, None, id="no certificate"),
    ],
)
def test_a_chain_against_a_store(
    tmp_path: Path, authorities: tuple[Authority, ...], chain: list[str], name: str, *, expected: bool | None
) -> None:
    """A chain passes where the store holds its root, it is whole, and the name and the dates fit."""
    assert passes(chain, store(tmp_path, *authorities), name) is expected


def test_a_store_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    """What cannot be read leaves the question open."""
    assert passes(CHAIN, str(tmp_path / "nothing.pem"), NAME) is None
    assert holds(str(tmp_path / "nothing.pem"), CHAIN[-1]) is None


def test_a_store_holds_the_issuer_of_a_certificate(tmp_path: Path) -> None:
    """The issuer is looked for by its name."""
    assert holds(store(tmp_path, OTHER, KNOWN), CHAIN[-1]) is True
    assert holds(store(tmp_path, OTHER), CHAIN[-1]) is False


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, False), (-5, False), (-11, True), (-89, True), (-91, False)],
    ids=["now", "after its end", "its last day", "its first day", "before its beginning"],
)
def test_a_chain_as_of_another_time(days: int, *, expected: bool) -> None:
    """An expired certificate passes as of a day when it was valid."""
    roots = [KNOWN.root.certificate.public_bytes(Encoding.DER)]
    assert passes_at(EXPIRED, roots, NAME, NOW + days * DAY) is expected
    assert passes_at(EXPIRED, [], NAME, NOW + days * DAY) is None
