"""Buckets: what a lifecycle says about small objects."""

from tests.unit.embedded.clouds import Cloud, closes, unique

SIZE = "TransitionDefaultMinimumObjectSize"


@closes("lifecycle_minimum_size_kept")
def test_a_lifecycle_that_moves_small_objects_too_is_answered_as_such(cloud: Cloud) -> None:
    s3, bucket = cloud.client("s3"), unique("receipts")
    s3.create_bucket(Bucket=bucket)
    rule = {
        "ID": "archive",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}],
    }
    put = s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}, **{SIZE: "varies_by_storage_class"}
    )
    assert put[SIZE] == "varies_by_storage_class"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)[SIZE] == "varies_by_storage_class"
