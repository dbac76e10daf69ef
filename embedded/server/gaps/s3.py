"""S3: from which size on a lifecycle moves objects."""

from typing import Any

from embedded.server.patching import Answer, Service, around, gap

_HEADER = "x-amz-transition-default-minimum-object-size"
_KEPT = "_transition_minimum"


@gap("services.s3", "handle_request", "_buckets", "_parse_bucket_key")
def lifecycle_minimum_size_kept(s3: Service) -> None:
    """PutBucketLifecycleConfiguration drops the smallest size of what is moved, and always answers with the default."""

    @around(s3, "handle_request")
    async def handle_request(
        original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: Any, **others: Any
    ) -> Answer:
        status, answered, content = await original(method, path, headers, body, query, **others)
        bucket, key = s3._parse_bucket_key(path, headers)
        record = s3._buckets.get(bucket)
        if "lifecycle" in query and not key and record is not None and status == 200:
            if method == "PUT" and _HEADER in headers:
                record[_KEPT] = headers[_HEADER]
            answered = {**answered, _HEADER: record.get(_KEPT, answered.get(_HEADER))}
        return status, answered, content
