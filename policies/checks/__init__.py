"""What ``.checkov.yaml`` loads: every rule as a custom check of checkov."""
