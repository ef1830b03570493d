"""The demonstration: a stage with everything running, a browser, and the story that is walked on it."""
