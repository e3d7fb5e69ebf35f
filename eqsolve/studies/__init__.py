"""What is studied of a model beside one solution: limits in the number of players, derivatives."""
