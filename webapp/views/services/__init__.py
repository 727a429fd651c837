"""The pages of services: all of them, and one."""
