"""Double-double arithmetic, vector lanes, cubics and decisions: what generated code calls."""
