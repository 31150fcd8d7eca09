"""The daemon and the workers: two programs, neither of which loads what only the other needs."""
