"""What a fit sees: a study, its checks, its summary, and studies that are simulated."""
