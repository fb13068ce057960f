"""What goes into a support ticket: gathered, searched for secrets, redacted where asked for, packed."""
