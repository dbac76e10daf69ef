"""Failover workflow: it fences before it promotes, ends in bounded time, and says where it stopped."""
