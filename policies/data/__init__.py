"""Facts about AWS that rules need and that nobody writes by hand. ``python -m policies.data`` renews them."""
