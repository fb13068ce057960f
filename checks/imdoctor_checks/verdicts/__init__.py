"""Judgements too long for their check's file; pure, like every `judge`."""
