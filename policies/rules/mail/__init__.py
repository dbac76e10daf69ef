"""Mail: what goes out in the platform's name is signed, cannot be forged, and is sent by those who were named."""
