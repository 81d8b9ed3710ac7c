"""The archive of `sentinel support-bundle`."""
