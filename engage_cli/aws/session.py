"""One connection to AWS, or to an endpoint that speaks its language."""

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from engage_cli.aws.errors import translated

if TYPE_CHECKING:
    import boto3


class Aws:
    """A boto3 session with its endpoint; clients are made when they are first asked for.

    Nothing but the composition root chooses what the session points at.
    """

    def __init__(self, session: "boto3.Session", *, region: str, endpoint_url: str | None = None) -> None:
        self._session: Any = session  # boto3's stubs want a literal service name
        self._clients: dict[str, Any] = {}
        self.region = region
        self.endpoint_url = endpoint_url

    def client(self, service: str) -> Any:
        """Return the boto3 client of `service`."""
        if service not in self._clients:
            from botocore.config import Config

            # An endpoint on this machine that does not answer has ended: half a minute of waiting is no help.
            attempts = 2 if self.endpoint_url else 6
            config = Config(
                retries={"mode": "standard", "total_max_attempts": attempts},
                connect_timeout=10,
                read_timeout=120,
                max_pool_connections=16,
            )
            with translated(f"connecting to {service}"):
                self._clients[service] = self._session.client(
                    service, region_name=self.region, endpoint_url=self.endpoint_url, config=config
                )
        return self._clients[service]

    @cached_property
    def caller(self) -> str:
        """Who the credentials belong to: an ARN."""
        with translated("reading who calls"):
            return str(self.client("sts").get_caller_identity()["Arn"])

    @cached_property
    def account_id(self) -> str:
        """The account that the credentials belong to."""
        with translated("reading the account"):
            return str(self.client("sts").get_caller_identity()["Account"])


def connect(
    *,
    region: str,
    endpoint_url: str | None = None,
    profile: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
) -> Aws:
    """Open a connection with a profile, with explicit keys, or with what boto3 finds by itself."""
    import boto3
    from botocore.session import Session

    with translated("opening the AWS session"):
        core = Session()
        core.register_component("data_loader", _loader())
        session = boto3.Session(
            profile_name=profile,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=region,
            botocore_session=core,
        )
    return Aws(session, region=region, endpoint_url=endpoint_url)


@cache
def _loader() -> Any:
    """What reads the descriptions of the services: megabytes of JSON, once for all connections."""
    from botocore.loaders import create_loader

    return create_loader()
