"""The built-in checks."""

CHECKS: tuple[object, ...] = ()
