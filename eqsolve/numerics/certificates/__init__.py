"""What is proved about points, and how accurate kernels are."""
