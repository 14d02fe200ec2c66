"""Finding the images of all the containers a resource runs."""

from collections.abc import Iterator

from policies.pods import POD_SPECS, POD_TYPES
from policies.rule import Resource
from policies.view import View

PATHS = {
    "aws:lambda/function:Function": ("imageUri",),
    "aws:sagemaker/model:Model": ("primaryContainer[].image", "containers[].image"),
    "aws:ecs/taskDefinition:TaskDefinition": ("containerDefinitions{}image",),
    "aws:batch/jobDefinition:JobDefinition": ("containerProperties{}image",),
    "azure-native:app:ContainerApp": ("template.containers[].image", "template.initContainers[].image"),
    "azure-native:app:Job": ("template.containers[].image", "template.initContainers[].image"),
    "azure-native:containerinstance:ContainerGroup": ("containers[].image", "initContainers[].image"),
    "azure-native:machinelearningservices:EnvironmentVersion": ("properties.image",),
    "gcp:cloudrunv2/service:Service": ("template.containers[].image",),
    "gcp:cloudrunv2/workerPool:WorkerPool": ("template.containers[].image",),
    "gcp:cloudrunv2/job:Job": ("template.template.containers[].image",),
    "modeldeploy:index:VertexModel": ("container.image",),
    **{token: (f"{spec}.containers[].image", f"{spec}.initContainers[].image") for token, spec in POD_SPECS.items()},
}
"""Where each type has images: `[]` stands for every object of a list, `{}` for a JSON document."""

HOLDERS = {
    "aws": tuple(token for token in PATHS if token.startswith("aws:")),
    "azure": tuple(token for token in PATHS if token.startswith("azure-native:")),
    "gcp": tuple(token for token in PATHS if token.startswith(("gcp:", "modeldeploy:"))),
    "kubernetes": POD_TYPES,
}
"""The types by cloud."""


def images(resource: Resource) -> Iterator[tuple[str, str]]:
    """The images of a resource, with their paths."""
    for path in PATHS[resource.type]:
        found: list[tuple[str, str]] = []

        def collect(view: View, found: list[tuple[str, str]] = found) -> Iterator[str]:
            image = view.text("image")
            if image:
                found.append((view.at("image"), image))
            yield from ()

        if "{}" in path:
            list(resource.documents(path.partition("{}")[0], collect))
        elif "[]" in path:
            list(resource.each(path.partition("[]")[0], collect))
        else:
            image = resource.text(path)
            if image:
                found.append((path, image))
        yield from found
