"""The infrastructure: settings, topology and names, and the stacks and constructs made from them."""
