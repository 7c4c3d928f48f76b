"""Who has the word: when speech starts and stops, whether an answer is over. All pure."""
