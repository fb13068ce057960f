"""A masked report holds no secret, wherever in it one stood."""

import msgspec
from msgspec.structs import replace

from imdoctor.config.secrets import Mask, Secret
from imdoctor.render.masking import masked
from tests.render.reports import check, report, target

SECRET = "0123456789abcdef" * 4


def test_every_value_and_key_is_masked() -> None:
    """Texts, names, lists and tuples, as a run that was not saved yet has them, are masked alike."""
    seen = {"text": SECRET, SECRET: 1, "list": [SECRET], "tuple": ({"deep": (SECRET,)},)}
    made = replace(report(target("prod", "ok", (check("a", observation=seen),))), imdoctor=SECRET)
    told = msgspec.json.encode(masked(made, Mask.of([Secret(SECRET)]))).decode()
    assert SECRET not in told
    assert told.count("***") == 5
