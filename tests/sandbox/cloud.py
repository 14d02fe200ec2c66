"""The sandbox's service without engine and protocol: what most tests look at."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.config import ProviderConfig
from sandbox.naming import DEFAULTS, Wish
from sandbox.service import Diff, RefusedError, Service
from sandbox.store import Record, Store
from sandbox.values import Inputs

TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"sagemaker.amazonaws.com"}}]}'
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


class Cloud:
    """Creates and changes resources as the engine would, one call at a time."""

    def __init__(self, database: Path | str, settings: dict[str, Inputs] | None = None) -> None:
        self.store = Store(database)
        self.deployed: dict[str, list[str]] = {}
        self.service = Service(self.store, lambda endpoint: self.deployed.get(endpoint, []))
        self.settings = settings or {}

    def config(self, token: str) -> ProviderConfig:
        package = token.split(":", 1)[0]
        return ProviderConfig(package, self.settings.get(package, {}))

    def check(
        self, token: str, inputs: Inputs, *, name: str = "thing", old: Inputs | None = None, seed: bytes = b"seed", wish: Wish | None = None
    ) -> tuple[Inputs, list[str]]:
        """The completed inputs, and each refusal as `property: reason`."""
        completed, refusals = self.service.check(urn(token, name), inputs, old=old or {}, seed=seed, wish=wish, config=self.config(token))
        return completed, [f"{refusal.property}: {refusal.reason}" for refusal in refusals]

    def refusal(self, token: str, inputs: Inputs) -> str:
        """What check says, in one text; fails when it says nothing."""
        refusals = self.check(token, inputs)[1]
        assert refusals, f"{token} with {inputs} was accepted"
        return "\n".join(refusals)

    def create(self, token: str, name: str = "thing", /, **inputs: Any) -> Record:
        """Check and create; fails when either refuses."""
        completed, refusals = self.check(token, inputs, name=name, seed=name.encode())
        assert refusals == []
        resource_id, _ = self.service.create(urn(token, name), completed, preview=False, config=self.config(token))
        record = next(record for record in self.store.of_type(token) if record.id == resource_id and record.urn == urn(token, name))
        self.store.acknowledge(record)
        return record

    def refused_create(self, token: str, name: str = "thing", /, **inputs: Any) -> str:
        """Why a create is refused."""
        completed, refusals = self.check(token, inputs, name=name, seed=name.encode())
        assert refusals == []
        with pytest.raises(RefusedError) as caught:
            self.service.create(urn(token, name), completed, preview=False, config=self.config(token))
        return str(caught.value)

    def update(self, record: Record, /, **changes: Any) -> Inputs:
        """Update a record's inputs; a change to None removes one."""
        new = {name: value for name, value in {**record.inputs, **changes}.items() if value is not None}
        return self.service.update(record.urn, record.id, new, record.outputs, preview=False, config=self.config(record.token))

    def refused_update(self, record: Record, /, **changes: Any) -> str:
        """Why an update is refused."""
        with pytest.raises(RefusedError) as caught:
            self.update(record, **changes)
        return str(caught.value)

    def diff(self, record: Record, /, **changes: Any) -> Diff:
        """What an update would do, when the program gives the same inputs with some changed."""
        program = {name: value for name, value in record.inputs.items() if name not in record.inputs.get(DEFAULTS, [])}
        new = {name: value for name, value in {**program, **changes}.items() if value is not None}
        completed, refusals = self.check(record.token, new, name=record.urn.rsplit("::", 1)[-1], old=record.inputs)
        assert refusals == []
        return self.service.diff(record.urn, record.id, record.inputs, completed, ignore=frozenset(), config=self.config(record.token))

    def delete(self, record: Record) -> None:
        """Delete a record."""
        self.service.delete(record.urn, record.id, record.inputs, record.outputs, config=self.config(record.token))

    def refused_delete(self, record: Record) -> str:
        """Why a delete is refused."""
        with pytest.raises(RefusedError) as caught:
            self.delete(record)
        return str(caught.value)

    def exists(self, record: Record) -> bool:
        """Whether a record is still there."""
        return self.store.get(record.token, record.realm, record.id) is not None


def urn(token: str, name: str) -> str:
    """The URN of a resource in the tests' stack."""
    return f"urn:pulumi:dev::test::{token}::{name}"
