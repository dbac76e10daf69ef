"""What the functions share: one small module per concern, nothing of the infrastructure code."""
