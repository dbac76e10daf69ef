terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "name" {
  type = string
}

variable "cidr" {
  type = string
}

variable "zones" {
  type = map(number)
}

resource "aws_vpc" "main" {
  cidr_block = var.cidr
  tags       = { Name = var.name }
}

resource "aws_subnet" "private" {
  for_each   = var.zones
  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet(var.cidr, 4, each.value)
}

resource "aws_security_group" "clients" {
  name   = "${var.name}-clients"
  vpc_id = aws_vpc.main.id
}

output "vpc_id" {
  value = aws_vpc.main.id
}

output "client_group_id" {
  value = aws_security_group.clients.id
}

output "subnet_ids" {
  value = [for subnet in aws_subnet.private : subnet.id]
}
