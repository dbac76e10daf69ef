"""Monitoring: whatever can fail is watched where it is, by an alarm that can fire and that reaches a person."""
