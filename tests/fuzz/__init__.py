"""Bytes made wrong at random, from a seed, for every parser and every function of the wire."""
