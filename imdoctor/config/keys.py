"""What the keys of a configuration mean, by the docstrings of the structs that hold them."""

import re
from inspect import cleandoc

import msgspec

KEY = re.compile(r"(\w+): (.+)")


def meaning(kind: type[msgspec.Struct]) -> tuple[str, dict[str, str]]:
    """Return what a struct's docstring says of the whole, and of each key: a line `key: …`, and the indented ones below it."""
    whole: list[str] = []
    keys: dict[str, str] = {}
    for line in cleandoc(kind.__doc__ or "").splitlines():
        if (found := KEY.fullmatch(line)) and found[1] in kind.__struct_encode_fields__:
            keys[found[1]] = found[2]
        elif keys and line.startswith(" "):
            last = next(reversed(keys))
            keys[last] += f" {line.strip()}"
        else:
            whole.append(line)
    return " ".join(" ".join(whole).split()), keys
