"""Parts of the benchmarks that ask a real daemon over HTTP."""
