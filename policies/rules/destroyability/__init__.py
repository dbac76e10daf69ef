"""Destroyability: one command removes everything, and nothing stays behind to pay for, to leak or to be in the way."""
