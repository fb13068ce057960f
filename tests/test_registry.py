"""The registry: built-in checks and strangers' checks by entry points, a broken one never stopping the others."""

from importlib import metadata

import pytest

from imdoctor.registry import load

GOOD = (object,)


def entry(value: str, name: str = "x") -> metadata.EntryPoint:
    """Return an entry point of the group."""
    return metadata.EntryPoint(name, value, "imdoctor.checks")


def test_built_in_checks_are_found() -> None:
    """Every check of the contract is installed, in the order in which the report shows them."""
    registry = load()
    ours = [item.check.name for item in registry.installed if item.origin.startswith("imdoctor ")]
    assert ours == ["client", "host", "proxy", "dns", "tcp", "tls", "probe", "usersig", "clock"]
    assert not registry.broken


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("no.such.module:CHECKS", "ModuleNotFoundError"),
        ("imdoctor:NOTHING", "AttributeError"),
        ("imdoctor.registry:GROUP", "TypeError"),
        ("tests.test_registry:GOOD", "lacks"),
    ],
)
def test_a_broken_entry_is_told_of(value: str, told: str) -> None:
    """An entry point that cannot be loaded is listed with its reason."""
    registry = load([entry(value)])
    assert not registry.installed
    assert told in registry.broken[0].error


def test_the_first_of_two_checks_of_one_name_stays() -> None:
    """Two distributions with a check of one name: the first stays, the other is told of."""
    registry = load([entry("imdoctor_checks:CHECKS", "a"), entry("imdoctor_checks:CHECKS", "b")])
    assert len(registry.installed) == len(registry.broken) > 0
    assert "already" in registry.broken[0].error
