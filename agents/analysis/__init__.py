"""Pictures of results: recorded plays and learning curves. It reads run folders, never trainers."""
