"""What joins django_jsms to the stack it lands in. Nothing of the package imports any of it."""
