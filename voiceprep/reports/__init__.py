"""Reports: one document built from what a session folder says, shown in several forms."""
