"""What is said of each rule besides is there for each, and in its place."""

from imdoctor.im.lint_rules import RULES, background


def test_every_rule_has_its_background() -> None:
    """Each rule has one, in the rules' order."""
    assert list(background()) == list(RULES)
