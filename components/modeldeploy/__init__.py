"""Deploys machine-learning models on AWS, Azure and Google Cloud."""
