"""Firewall: what takes requests of strangers refuses known attacks and floods, and keeps what it refused."""
