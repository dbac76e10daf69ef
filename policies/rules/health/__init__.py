"""Health and routing: the checks and records that lead payments to a region that works."""
