"""Deployments on Azure. The components are in `managed_endpoint`, `serverless`, `container`, `container_instance`, `kubernetes`, `cluster`, `batch`,
`managed_batch`, `batch_pool`, `health_records`, `database` and `network`; the other modules are the parts they share."""
