"""Deployments on Azure. `managed_endpoint`, `network` and `database` hold the components; the other modules are the parts they share."""
