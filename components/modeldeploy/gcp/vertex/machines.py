"""The machines under a deployment or a pool: our inputs as Google's `DedicatedResources`, and back."""

from modeldeploy.plugin.values import Json

MACHINE = "n1-standard-2"
"""The machine that is meant where none is named."""


def dedicated_resources(inputs: Json) -> Json:
    """Our inputs as Google's `DedicatedResources`."""
    machine: Json = {"machineType": inputs["machineType"]}
    if "acceleratorType" in inputs:
        machine |= {"acceleratorType": inputs["acceleratorType"], "acceleratorCount": inputs["acceleratorCount"]}
    resources: Json = {
        "machineSpec": machine,
        "minReplicaCount": inputs["minReplicas"],
        "maxReplicaCount": inputs.get("maxReplicas", inputs["minReplicas"]),
        "autoscalingMetricSpecs": [{"metricName": each["metric"], "target": each["target"]} for each in inputs.get("autoscaling", [])],
        "spot": inputs["spot"],
    }
    if "requiredReplicas" in inputs:
        resources["requiredReplicaCount"] = inputs["requiredReplicas"]
    return resources


def machine_inputs(resources: Json, old: Json) -> Json:
    """The inputs that would give `resources`. What the service chose itself counts only where the user had chosen it before, as `old` tells, or on
    import."""
    machine: Json = resources.get("machineSpec", {})
    least = int(resources.get("minReplicaCount", 1))
    inputs: Json = {
        "machineType": machine.get("machineType", MACHINE),
        "acceleratorType": machine.get("acceleratorType"),
        "acceleratorCount": machine.get("acceleratorCount", 0),
        "minReplicas": least,
        "spot": bool(resources.get("spot", False)),
    }
    for field, key, implied in (("maxReplicas", "maxReplicaCount", (least,)), ("requiredReplicas", "requiredReplicaCount", (0, least))):
        value = resources.get(key, implied[0])
        if field in old or value not in implied:
            inputs[field] = value if value else None
    specs = [{"metric": each["metricName"], "target": each.get("target", 60)} for each in resources.get("autoscalingMetricSpecs", [])]
    order = [each["metric"] for each in old.get("autoscaling", [])]
    inputs["autoscaling"] = sorted(specs, key=lambda each: (order.index(each["metric"]) if each["metric"] in order else len(order), each["metric"]))
    return inputs
