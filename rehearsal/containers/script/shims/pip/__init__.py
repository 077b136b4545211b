"""What stands for pip in a container: there is no package index here to install from."""
