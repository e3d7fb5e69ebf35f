"""From n agents to the mean field: distances, expansion in 1/n, rates along paths."""
