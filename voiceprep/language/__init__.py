"""Words as they are spoken, written and counted. All pure."""
