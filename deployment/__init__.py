"""The driver behind ``make``: synthesizes, judges, applies, tries and destroys the stacks on either target."""
