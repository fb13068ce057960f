"""What each finding code means: title, message, why, remedy, and what it may be the reason of."""
