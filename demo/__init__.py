"""The demo: a real model, trained here, deployed by the real Pulumi into the sandbox."""
