"""Topology: each region has what the other has, replicas are really in the other region, and nothing is elsewhere."""
