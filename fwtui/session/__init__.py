"""Everything the dashboard and the commands do, without any screen: loading, watching, running, remembering."""
