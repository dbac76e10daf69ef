"""One file per capability; each owns its resource, its encryption, its alarms and its grants."""
