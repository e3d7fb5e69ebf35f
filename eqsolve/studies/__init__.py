"""What is studied of a model beside one solution: limits, derivatives, moments, simulation."""
