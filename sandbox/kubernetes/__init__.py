"""The sandbox's kubernetes provider where a real API server runs: objects go to it instead of into SQLite.

`provider` says what create, read, update, delete and diff do; `client` speaks to the API server; `control_plane` starts and stops one with its
controllers; `nodes` stands in for the machines, so that pods become ready. What it leaves out is in docs/adr/0008-kubernetes-control-plane.md.
"""
