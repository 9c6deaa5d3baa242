"""Files: uploads, the outcomes of their rows, and results."""
