"""Pages in a real browser, without a window: TensorBoard and the report (`make test-browser`)."""
