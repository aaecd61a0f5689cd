"""The acts of the editor over HTTP, for programs: named endpoints of the same server that has the page."""
