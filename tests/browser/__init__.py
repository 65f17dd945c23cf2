"""Pages in a headless browser: TensorBoard, report, episodes (`make test-browser`)."""
