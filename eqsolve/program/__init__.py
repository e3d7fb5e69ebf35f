"""What a solution is computed from, derived once: straight-line programs that need no algebra."""
