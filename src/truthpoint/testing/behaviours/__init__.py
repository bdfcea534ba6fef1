"""The behaviours of a store, by subject; `truthpoint.testing.conformance` joins them."""
