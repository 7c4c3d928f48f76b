"""The only room that names concrete classes: settings in, a session that can be held out. Must not print."""
