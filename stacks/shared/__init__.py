"""What the stacks share: their configuration, and how it becomes a deployment. Each project has a module beside this folder."""
