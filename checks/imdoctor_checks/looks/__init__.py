"""Observations that several checks take: what answers at an address, and the tunnel through a proxy."""
