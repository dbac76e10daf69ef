"""Least surprise: what was written in Python is what Terraform gets, and it lands where it was meant to.

CDKTF corrupts some mistakes in silence. What can be seen of each in the Terraform JSON:

- A dictionary with snake_case keys inside a list block: its keys of several words are null, or gone.
  TAP_BLOCK_KEYS sees the null ones everywhere, the gone ones in blocks that mean nothing without them.
- A number token behind a hyphen, arithmetic on tokens: TAP_TOKENS_RESOLVED, but for sums that are too small to change
  the token (``token + 1`` is ``token``), which nothing can tell from what was meant.
- String operations on tokens: TAP_TOKENS_RESOLVED. A comparison (``token == "x"``) is False and leaves no trace.
- ``Aspects.of(app)`` is never invoked: that cannot be seen, but what the aspect should have added is missed by the rule
  that asks for it (a provider here, tags in TAP_NAME_ENVIRONMENT).
- ``Testing.synth(stack)`` leaves references to other stacks dangling: TAP_REFERENCES_RESOLVE.
- ``TerraformOutput(precondition=…)`` drops the precondition: that cannot be seen, nothing says that there was one.
- A resource without ``provider`` beside providers that all have aliases: TAP_PROVIDER_NAMED.
- No backend declared: TAP_STATE_BACKEND, and TAP_PATHS_RELATIVE for the absolute path of the local one.
- ``TerraformAsset`` ignores renames and zips differently each time: that cannot be seen in one output, but by
  comparing two. TAP_CODE_HASH sees code whose changes would go unnoticed, TAP_PATHS_RELATIVE files of one machine.
- ``Testing.app()`` leaks a folder for each call: that cannot be seen, but a path into such a folder is in
  TAP_PATHS_RELATIVE.

Passing a value to another stack makes an output of it: TAP_OUTPUT_WITHOUT_SECRET.
"""
