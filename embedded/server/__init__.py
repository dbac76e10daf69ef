"""The server side: runs in .venv-embedded, never in the project's own environment."""
