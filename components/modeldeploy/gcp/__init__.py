"""Google Cloud: one file per deployment type, and what they share. Import the component from its own file."""
