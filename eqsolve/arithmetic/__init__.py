"""Certified numbers: expressions on balls, differential equations, roots, polynomial systems."""
