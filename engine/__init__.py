"""Finds the Pulumi CLI, or builds it together with a Python language host; standard library only."""
