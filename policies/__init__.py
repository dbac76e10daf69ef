"""Policies over Terraform JSON: rules, the judge that asks them, and the gate that believes no scanner blindly.

Nothing in here knows the app that wrote the JSON, so that it judges anyone's.
"""
