"""Parts of the quality benchmark."""
