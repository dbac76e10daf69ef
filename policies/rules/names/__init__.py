"""Names: whoever reads one knows region and environment, and AWS takes it as it is.

``{prefix}-{resource}-{region}-{environment}``. The environment is the ``Environment`` among the default tags of the
resource's provider. The region is that of the provider, as in ``use1`` or ``usw2``; what spans regions says ``global``.

Where AWS or a standard dictates the form, only the order of the parts may differ (``_forms.py`` lists these forms):
log groups of services, ``.fifo``, directory buckets, and DNS names. Names of what exists only within something that
bears a name itself, such as an index of a table or an alias of a function, are not judged.
"""
