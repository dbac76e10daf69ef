"""Backups: every day, of everything that cannot be made again, and in the other region too."""
