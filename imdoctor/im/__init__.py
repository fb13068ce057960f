"""The IM RESTful API as its documents describe it."""
