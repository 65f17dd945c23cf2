"""Statistics and comparisons of runs, from their folders alone."""
