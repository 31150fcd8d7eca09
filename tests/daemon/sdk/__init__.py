"""What adapters may use."""
