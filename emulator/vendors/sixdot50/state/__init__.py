"""The state of 6DOT50 as scenarios write it: fields, rules, and the codec that loads and dumps it."""
