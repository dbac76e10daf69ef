"""Budgets: what recovery takes and loses at worst, added up from the configuration, is within what was promised."""
