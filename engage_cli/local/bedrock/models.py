"""The models that the local Bedrock answers for, their ARNs, and what each refuses.

Source: Amazon Bedrock model cards and life-cycle page, November 2026. Only models of text with tool use
are listed; a model that has reached the end of its life is refused as AWS refuses it.
"""

from urllib.parse import unquote

from engage_cli.local.bedrock.errors import not_found, validation

EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
PLANNER = "engage-local-planner"

_CHAT = frozenset(
    {
        "anthropic.claude-sonnet-5-5",
        "anthropic.claude-haiku-5-5",
        "anthropic.claude-opus-5-5",
        "anthropic.claude-sonnet-4-6",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "amazon.nova-2-lite-v1:0",
        "amazon.nova-micro-v1:0",
        "amazon.nova-lite-v1:0",
        "amazon.nova-pro-v1:0",
    }
)
# These have no on-demand endpoint of their own: they are called through an inference profile.
_PROFILE_ONLY = ("anthropic.claude-", "amazon.nova-2-")
_RETIRED = (
    "anthropic.claude-3-5-sonnet",
    "anthropic.claude-3-7-sonnet",
    "anthropic.claude-3-5-haiku",
    "anthropic.claude-3-haiku",
    "anthropic.claude-3-sonnet",
    "anthropic.claude-3-opus",
    "anthropic.claude-sonnet-4-2",
    "anthropic.claude-v2",
    "anthropic.claude-instant",
    "amazon.nova-premier-v1",
    "amazon.titan-text-",
)
_US_REGIONS = ("us-east-1", "us-east-2", "us-west-2")


def model_id_of(path: str) -> str:
    """Return the model id in a `/model/<id>/<operation>` path (an ARN holds slashes of its own)."""
    return unquote(path).removeprefix("/model/").rsplit("/", 1)[0]


def base_id(model_id: str) -> str:
    """Return the model behind an ARN or an inference profile: `us.x` and `global.x` are profiles of `x`."""
    name = model_id.rsplit("/", 1)[-1] if model_id.startswith("arn:") else model_id
    for prefix in ("us.", "global."):
        name = name.removeprefix(prefix)
    return name


def is_profile(model_id: str) -> bool:
    """Say whether `model_id` names a cross-Region inference profile."""
    name = model_id.rsplit("/", 1)[-1] if model_id.startswith("arn:") else model_id
    return name.startswith(("us.", "global."))


def model_arn(model_id: str, region: str, account_id: str) -> str:
    """Return the ARN that a policy names for `model_id`."""
    if model_id.startswith("arn:"):
        return model_id
    if is_profile(model_id):
        return f"arn:aws:bedrock:{region}:{account_id}:inference-profile/{model_id}"
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"


def foundation_arns(model_id: str, region: str) -> list[str]:
    """Return the foundation models that a profile may route to: all must be allowed. Empty for a plain
    model.
    """
    if not is_profile(model_id):
        return []
    regions = _US_REGIONS if "us." in model_id else (region, "")
    return [f"arn:aws:bedrock:{one}::foundation-model/{base_id(model_id)}" for one in regions]


def check_chat_model(model_id: str) -> None:
    """Raise the error that AWS raises for a model which is unknown, retired or needs a profile."""
    name = base_id(model_id)
    if name.startswith(_RETIRED):
        raise not_found(
            f"This model version has reached the end of its life: {name}. Please refer to the AWS "
            f"documentation "
            "for more details."
        )
    if name not in _CHAT:
        raise validation(
            f"The provided model identifier is invalid: {model_id} is not known to the local Bedrock."
        )
    if name.startswith(_PROFILE_ONLY) and not is_profile(model_id):
        raise validation(
            f"Invocation of model ID {name} with on-demand throughput isn't supported. Retry your "
            f"request with the "
            "ID or ARN of an inference profile that contains this model."
        )


def check_inference(model_id: str, inference: dict[str, object], tool_choice: dict[str, object]) -> None:
    """Raise for parameters that the model refuses: Claude 5 takes neither sampling parameters nor a forced
    tool.
    """
    name = base_id(model_id)
    if not name.startswith("anthropic.claude-") or "-5-5" not in name:
        return
    for parameter in ("temperature", "topP"):
        if parameter in inference:
            raise validation(
                f"The model returned the following errors: `{parameter}` is not supported by {name}."
            )
    if "haiku" not in name and ("any" in tool_choice or "tool" in tool_choice):
        raise validation(f"The model returned the following errors: tool_choice must be auto for {name}.")
