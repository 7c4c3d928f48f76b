"""What to practise next: the schedule, progress over time, and comparing two answers to one question."""
