"""Recovery path: the surviving region needs nothing of the one that failed, and Terraform undoes no failover."""
