"""The tables: correspondence, documents and rules, one file each."""
