"""How long a synth takes, and what the fast loader of the bindings saves."""
