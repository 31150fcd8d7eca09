"""What the measurement of walks is made of."""
