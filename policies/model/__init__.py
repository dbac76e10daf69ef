"""What rules look at: a deployment's Terraform JSON, read once, with references followed within and across stacks."""
