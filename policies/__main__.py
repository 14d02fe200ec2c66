"""Assembles the policy pack. Pulumi runs this folder; everything else is importable as the package `policies`."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pulumi_policy

HERE = Path(__file__).resolve().parent

if "policies" not in sys.modules:
    # Pulumi starts the pack with this folder, not its parent, on the path, and a published pack may lie in a folder of any name.
    # Loading the package by its place needs neither, and puts nothing else on the path.
    spec = spec_from_file_location("policies", HERE / "__init__.py", submodule_search_locations=[str(HERE)])
    assert spec is not None
    assert spec.loader is not None
    package = module_from_spec(spec)
    sys.modules["policies"] = package
    spec.loader.exec_module(package)

from policies.pack import Pack  # noqa: E402  (the package is made importable above)

pulumi_policy.PolicyPack("modeldeploy", Pack().policies(), enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY)
