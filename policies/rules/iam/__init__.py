"""IAM: every permission names its actions, its resources and its principals."""
