"""Data protection: what is stored can be restored, and only its owner can read it."""
