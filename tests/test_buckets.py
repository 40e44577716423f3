"""What the templates promise of every bucket: private, sealed, over TLS only, forgetting."""

import pytest

from tests.test_template import of_type

KEPT_DAYS = {
    "Uploads": {"uploads/": 1, "results/": 30},
    "Callbacks": {"": 180},
}


def test_every_bucket_is_known() -> None:
    assert set(of_type("AWS::S3::Bucket")) == set(KEPT_DAYS)


@pytest.mark.parametrize("name", KEPT_DAYS)
def test_a_bucket_is_private_sealed_and_forgets(name: str) -> None:
    properties = of_type("AWS::S3::Bucket")[name]["Properties"]

    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"] == {
        "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]
    }
    [rule] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert "VersioningConfiguration" not in properties
    kept = {
        each.get("Prefix", ""): each["ExpirationInDays"]
        for each in properties["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in each and each["Status"] == "Enabled"
    }
    assert kept == KEPT_DAYS[name]


@pytest.mark.parametrize("name", KEPT_DAYS)
def test_a_bucket_speaks_tls_only(name: str) -> None:
    policy = of_type("AWS::S3::BucketPolicy")[f"{name}Policy"]

    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]

    assert policy["Properties"]["Bucket"] == {"Ref": name}
    assert statement["Resource"] == [{"GetAtt": f"{name}.Arn"}, {"Sub": f"${{{name}.Arn}}/*"}]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Action"] == "s3:*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_bucket_tells_the_queue_of_uploads_only() -> None:
    bucket = of_type("AWS::S3::Bucket")["Uploads"]

    [told] = bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"]

    assert told["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "uploads/"}]}}
    assert bucket["DependsOn"] == "ImportQueuePolicy"


def test_nobody_but_the_accounts_own_bucket_writes_to_the_import_queue() -> None:
    [policy] = of_type("AWS::SQS::QueuePolicy").values()

    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
