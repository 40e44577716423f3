"""Clients of the local cloud. `Any`: deploying needs six services, and none of this is shipped."""

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"
ROOT_KEY_ID = "test"
ROOT_SECRET = "test"
"""ministack's account root, also under AUTH=true."""


@cache
def client(endpoint: str, service: str) -> Any:
    """A client for `service` at the local cloud, with the account root's credentials. It takes long
    to make."""
    session = botocore.session.Session()
    return session.create_client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        config=Config(
            s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}, read_timeout=60
        ),
        aws_access_key_id=ROOT_KEY_ID,
        aws_secret_access_key=ROOT_SECRET,
    )
