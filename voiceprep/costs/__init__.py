"""What things cost: a dated price table and what a month comes to."""
