"""The shell: commands, jobs, settings and rendering."""
