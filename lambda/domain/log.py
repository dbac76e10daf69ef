"""The function's structured log. No body, customer data, signature or secret goes into it; a payment's id does."""

from aws_lambda_powertools import Logger

logger = Logger()
