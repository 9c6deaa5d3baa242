"""The state of Stripe as scenarios and the control plane write it."""
