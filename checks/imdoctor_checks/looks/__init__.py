"""Observations that several checks take: what answers at an address or elsewhere, and the tunnel through a proxy."""

HOUR = 3600.0
"""Seconds for which what a third party said stands, where runs remember: none is asked the same more often."""
RETRIES = 2
"""Further tries where somebody refuses or cuts off: it may be so now and then only."""
SEGMENTS = (536, 256)
"""Bytes of TCP_MAXSEG: the least that every IPv4 host takes (RFC 9293 §3.7.1), and about half: a ClientHello may fit the first."""
