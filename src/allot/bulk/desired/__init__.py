"""What is desired, in whatever form it was written."""
