"""Clouds that run on your machine: the Pulumi provider protocol for aws, azure-native, gcp and kubernetes, without accounts."""
