"""What all commands share: options that say where and how, and failures told in one line.

The options may stand before or after a command's name.
"""

from dataclasses import dataclass
from typing import Any

import click

from infra.admin.failures import Failed, told_as_failures


@dataclass
class Target:
    """Where a command acts, and how it answers."""

    stack: str = "scrip"
    local: bool = False
    region: str | None = None
    profile: str | None = None
    json: bool = False


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    target = context.ensure_object(Target)
    if value is not None and parameter.name:
        setattr(target, parameter.name, value)


def _shared_options() -> list[click.Parameter]:
    def option(*names: str, **settings: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=_remember, **settings)

    return [
        option("--stack", metavar="NAME", help="The deployment's CloudFormation stack.  [scrip]"),
        option(
            "--local", is_flag=True, default=None, help="The local cloud that `make run` keeps up."
        ),
        option("--region", metavar="REGION", help="AWS region, if not the environment's."),
        option("--profile", metavar="PROFILE", help="A profile of the AWS configuration."),
        option("--json", is_flag=True, default=None, help="Answer in JSON on stdout."),
    ]


class Command(click.Command):
    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params += _shared_options()

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with told_as_failures():
                return super().invoke(ctx)
        except Failed as failed:
            if ctx.ensure_object(Target).json:
                click.echo(failed.as_json())
            raise


class Group(click.Group):
    """A noun; its commands are verbs."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params += _shared_options()
