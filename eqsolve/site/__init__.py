"""Pages about games and papers that load nothing: what they contain, and how they are set."""
