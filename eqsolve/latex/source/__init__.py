"""An author's file: scanned, expanded, its displays found and numbered as LaTeX does."""
