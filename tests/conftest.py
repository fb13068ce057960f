"""What the tests need of the machine: a need that is not met skips a test with its reason, and fails it in CI."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import settings

# No test asserts on elapsed time, hypothesis' own deadline included.
settings.register_profile("imdoctor", deadline=None)
settings.load_profile("imdoctor")


def _root() -> str | None:
    return None if os.geteuid() == 0 else "this test needs root"


@cache
def _netns() -> str | None:
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        return "this test needs ip (iproute2) and unshare (util-linux)"
    tried = subprocess.run(["unshare", "-n", "ip", "link"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "this test needs the right to make network namespaces"


def _program(name: str) -> str | None:
    return None if shutil.which(name) else f"this test needs the program {name}"


@cache
def _node(package: str) -> str | None:
    if shutil.which("node") is None:
        return "this test needs node"
    tried = subprocess.run(["node", "-e", f"require({package!r})"], capture_output=True, check=False)
    return None if tried.returncode == 0 else f"this test needs the npm package {package} on NODE_PATH"


NEEDS: dict[str, Callable[[], str | None]] = {"root": _root, "netns": _netns}
WITH_NAME: dict[str, Callable[[str], str | None]] = {"program": _program, "node": _node}


def lacking(need: str) -> str | None:
    """Return why a need is not met, or None."""
    kind, _, name = need.partition(":")
    return WITH_NAME[kind](name) if name else NEEDS[kind]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose needs are not met; with CI=true fail it: nothing is skipped there."""
    for marker in item.iter_markers("needs"):
        for need in marker.args:
            if reason := lacking(need):
                (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
