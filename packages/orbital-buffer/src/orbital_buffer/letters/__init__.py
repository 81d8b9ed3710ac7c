"""Dead letters: what destinations refused for good, kept beside the samples that wait."""
