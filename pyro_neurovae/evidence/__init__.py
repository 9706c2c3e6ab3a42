"""What many fits say: held-out scores, null maps, sensitivity and the paper's checklist."""
