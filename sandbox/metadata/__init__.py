"""What the provider SDKs say about their resource types, read from their generated source without importing it.

Importing `pulumi_azure_native` or a large module of `pulumi_aws` takes seconds and hundreds of megabytes. The generated classes are so regular that
their text says everything: names, types, whether required, documentation. Only the classes a program uses are ever parsed.
"""

from sandbox.metadata.catalog import Catalog, UnknownTypeError, catalog
from sandbox.metadata.types import Kind, ObjectType, Property, ResourceType, Type

__all__ = ["Catalog", "Kind", "ObjectType", "Property", "ResourceType", "Type", "UnknownTypeError", "catalog"]
