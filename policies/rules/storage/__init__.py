"""Objects: closed to the public, versioned, encrypted, and the same in both regions within minutes."""
