"""Tests of the Azure components."""
