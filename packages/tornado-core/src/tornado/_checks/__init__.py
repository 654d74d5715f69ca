"""What is said of arguments of a wrong type."""
