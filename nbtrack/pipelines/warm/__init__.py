"""Kernels forked from a process that has loaded already what they need."""
