"""The numbers of HTTP: its port under TLS, and the classes of its status codes (RFC 9110 §4.2.2, §15)."""

HTTPS_PORT = 443
OK = 200
SUCCESS, REDIRECT, CLIENT_ERROR, SERVER_ERROR = 2, 3, 4, 5
"""Classes of status codes: their first digits."""


def class_of(status: int | None) -> int | None:
    """Return the class of a status; None where there was no answer."""
    return None if status is None else status // 100
