"""The terminal dashboard and runner for FlowWeaver workflows."""
