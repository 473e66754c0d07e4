"""The edge to a clearinghouse: whole files out, whole files in, with retries. The only place that imports tenacity."""
