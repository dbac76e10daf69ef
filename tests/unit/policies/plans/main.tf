# What plan.json is the plan of. Made offline with Terraform 1.11.4 and the AWS provider 5.100.0:
#   terraform init && terraform plan -out=tfplan && terraform show -json tfplan > plan.json
# The credentials are dummies and nothing is asked for, so no account is involved.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "environment" {
  type    = string
  default = "dev"
}

variable "standby_region" {
  type    = string
  default = "us-west-2"
}

locals {
  tags = { Environment = var.environment, Project = "shop" }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  default_tags {
    tags = merge(local.tags, { RegionRole = "primary" })
  }
}

provider "aws" {
  alias                       = "standby"
  region                      = var.standby_region
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  default_tags {
    tags = { Environment = "dev", RegionRole = "secondary" }
  }
}

module "primary_network" {
  source = "./network"

  name  = "shop-vpc-use1-${var.environment}"
  cidr  = "10.0.0.0/16"
  zones = { a = 0, b = 1 }
}

module "standby_network" {
  source    = "./network"
  providers = { aws = aws.standby }

  name  = "shop-vpc-usw2-${var.environment}"
  cidr  = "10.1.0.0/16"
  zones = { a = 0, b = 1 }
}

resource "aws_kms_key" "primary" {
  multi_region            = true
  enable_key_rotation     = true
  deletion_window_in_days = 7
}

resource "aws_kms_replica_key" "standby" {
  provider                = aws.standby
  primary_key_arn         = aws_kms_key.primary.arn
  deletion_window_in_days = 7
}

resource "aws_dynamodb_table" "carts" {
  name             = "shop-carts-global-${var.environment}"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "id"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.primary.arn
  }

  point_in_time_recovery {
    enabled = true
  }

  # No point_in_time_recovery.
  replica {
    region_name = var.standby_region
    kms_key_arn = aws_kms_replica_key.standby.arn
  }
}

resource "aws_route53_health_check" "store" {
  count = 2

  type              = "HTTPS"
  fqdn              = ["use1.shop.example", "usw2.shop.example"][count.index]
  port              = 443
  resource_path     = "/health"
  failure_threshold = 3
  request_interval  = count.index == 0 ? 10 : 30
}

resource "aws_security_group" "database" {
  provider = aws.standby
  name     = "shop-database-usw2-${var.environment}"
  vpc_id   = module.standby_network.vpc_id

  dynamic "ingress" {
    for_each = { postgres = 5432 }
    content {
      description     = ingress.key
      protocol        = "tcp"
      from_port       = ingress.value
      to_port         = ingress.value
      security_groups = [module.standby_network.client_group_id]
    }
  }
}

data "aws_iam_policy_document" "carts" {
  statement {
    actions   = ["dynamodb:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "topic" {
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "carts" {
  name   = "shop-carts-global-${var.environment}"
  policy = data.aws_iam_policy_document.carts.json
}

resource "aws_sns_topic" "alerts" {
  name = "shop-alerts-use1-${var.environment}"
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_cloudwatch_metric_alarm" "carts" {
  alarm_name          = "shop-carts-use1-${var.environment}"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ThrottledRequests"
  dimensions          = { TableName = aws_dynamodb_table.carts.name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

resource "aws_db_instance" "orders" {
  identifier          = "shop-orders-use1-${var.environment}"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "shop"
  password            = "ChangeMe123!"
  kms_key_id          = aws_kms_key.primary.arn
  storage_encrypted   = true
  skip_final_snapshot = true
}

output "environment" {
  value = var.environment
}

output "table_arn" {
  value = aws_dynamodb_table.carts.arn
}
