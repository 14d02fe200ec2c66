"""Runs the module of the stack: `dynamic-pricing.prod` runs `stacks/dynamic_pricing.py`."""

import os

import pulumi

import stacks

stacks.run(pulumi.get_stack())
if "PULUMI_DEBUG_PROVIDERS" in os.environ:
    pulumi.export("ran_in", "the sandbox on this machine: nothing was created in a cloud")
