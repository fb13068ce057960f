"""Observers of the network: they ask and record, and never judge."""
