"""The embedded lab: an IM gateway, resolvers and a proxy on loopback, with faults on demand."""
