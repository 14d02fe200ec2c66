"""What `pulumi preview` says, read and shown: as a picture of the resources, and as a comment on a pull request."""
