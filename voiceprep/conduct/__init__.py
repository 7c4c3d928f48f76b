"""What an interview does: what is asked and why, what an answer is followed with. All pure."""
