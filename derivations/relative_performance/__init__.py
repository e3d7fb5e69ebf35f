"""Investment under relative performance: everybody of an own type."""
