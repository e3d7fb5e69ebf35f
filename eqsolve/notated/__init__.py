"""A solution in an author's letters: what a source displays, and a family's kernels hold."""
