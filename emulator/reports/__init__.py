"""Reports made of the tables and the scenarios: diagrams, the support matrix, the trace of evidence."""
