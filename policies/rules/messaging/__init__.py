"""Messaging: what was accepted is worked off at its pace, by one region at a time, and nothing is lost on the way."""
