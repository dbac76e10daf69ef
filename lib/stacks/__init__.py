"""The four stacks; they compose constructs and hold nothing of their own."""
