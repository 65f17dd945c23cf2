"""What runs say: records, statistics, comparisons, figures, pages, plays.

It reads run folders, never trainers.
"""
