"""API keys: issue, list, revoke."""

import click

from infra.admin.command import Group, Target
from infra.admin.merchants import titled
from infra.admin.output import answer, columns, moment, tell
from infra.admin.stack import connect
from scrip.chance import now_ms, random_id
from scrip.contracts.merchant import KeyIssued, KeysView
from scrip.contracts.merchant_views import key_view
from scrip.domain.api_key import Scope
from scrip.flows.manage_keys import issue_key, list_keys, revoke_key


@click.group(cls=Group)
def key() -> None:
    """A shop's API keys."""


@key.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.option("--scope", type=click.Choice([scope.value for scope in Scope]), required=True)
@click.option("--label", required=True, help="Who will use it.")
@click.pass_obj
def issue(target: Target, merchant_id: str, scope: str, label: str) -> None:
    """Make a key. Stdout holds nothing but the credential: it is shown this once, kept nowhere."""
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    made, credential = issue_key(
        merchant_id,
        Scope(scope),
        titled(label, "--label"),
        key_id=random_id(8),
        secret=random_id(32),
        now_ms=now_ms(),
        keys=deployed.merchants,
    )
    answer(target, KeyIssued(key_view(made), credential), [credential])
    tell(f"key {made.key_id} ({scope}) works now; it is not shown again")


@key.command(name="list")
@click.argument("merchant_id", metavar="MERCHANT")
@click.pass_obj
def list_all(target: Target, merchant_id: str) -> None:
    """All keys that work, without their secrets."""
    deployed = connect(target)
    deployed.merchants.get(merchant_id)
    keys = list_keys(merchant_id, keys=deployed.merchants)
    answer(
        target,
        KeysView([key_view(each) for each in keys]),
        columns(
            ("KEY", "SCOPE", "CREATED", "LABEL"),
            ((k.key_id, k.scope.value, moment(k.created_at_ms), k.label) for k in keys),
        ),
    )


@key.command()
@click.argument("merchant_id", metavar="MERCHANT")
@click.argument("key_id", metavar="KEY")
@click.pass_obj
def revoke(target: Target, merchant_id: str, key_id: str) -> None:
    """Make a key stop working with the next request. KEY is its id, as `key list` shows it."""
    gone = revoke_key(merchant_id, key_id, keys=connect(target).merchants)
    answer(target, key_view(gone), [f"revoked {gone.key_id} ({gone.scope.value}, {gone.label})"])
