"""The embedded AWS: an emulator on loopback that real Terraform, boto3 and Lambda code talk to."""
