"""The exit codes that do not come from a report (sysexits.h, and 128 + a signal's number)."""

USAGE = 64
DEFECT = 70
OUTPUT = 74
CONFIGURATION = 78
INTERRUPTED = 130
TERMINATED = 143
