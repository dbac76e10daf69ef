"""The drill: takes a region away under load, lets the platform recover, and measures what that took and cost."""
