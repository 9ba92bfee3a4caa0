"""Deployment: the Lambda package, its permissions and the CloudFormation stack."""
