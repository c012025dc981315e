"""Plugs the local Bedrock family into the embedded endpoint: the one seam into MiniStack's application.

`install(app)` is called once, in the endpoint's process, before it serves. It replaces the handlers of
bedrock-runtime, bedrock-agent and bedrock-agent-runtime, adds s3vectors, teaches IAM their actions, and
registers the CloudFormation types. Vectors are on disk under the state directory as soon as a call is
answered; the records of knowledge bases and guardrails are MiniStack's and are saved with its state.
"""

import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engage_cli.local.bedrock import cloudformation, iam
from engage_cli.local.bedrock.knowledge import KnowledgeService
from engage_cli.local.bedrock.runtime import Brain, RuntimeService, brain_from_environment
from engage_cli.local.bedrock.s3vectors import VectorService
from engage_cli.local.levels import real, recorded

STATE_KEY = "engage_s3vectors"


@dataclass(frozen=True)
class Installed:
    """The services that answer, for tests."""

    vectors: VectorService
    knowledge: KnowledgeService
    runtime: RuntimeService


def install(app: Any, *, state_dir: Path | None = None, brain: Brain | None = None) -> Installed:
    """Register the services with `app` (the module `ministack.app`).

    `state_dir`: where vectors are kept; default MiniStack's STATE_DIR when it keeps state, else memory.
    `brain`: what answers Converse; default by the environment (a connected model, else the planner).
    """
    from ministack.core import iam_actions, persistence, router
    from ministack.services import bedrock_agent
    from ministack.services.cloudformation import provisioners

    if state_dir is None and persistence.PERSIST_STATE:
        state_dir = Path(persistence.STATE_DIR)
    vectors = VectorService(state_dir / "s3vectors" if state_dir else None)
    knowledge = KnowledgeService(vectors, bedrock_agent)
    runtime = RuntimeService(brain or brain_from_environment())
    iam.install(iam_actions, router)
    cloudformation.install(provisioners, vectors, knowledge)
    app.SERVICE_HANDLERS.update(
        {
            "s3vectors": vectors.handle,
            "bedrock-runtime": runtime.handle,
            "bedrock-agent": knowledge.handle_agent,
            "bedrock-agent-runtime": knowledge.handle_runtime,
        }
    )
    _register_reset(app, vectors)
    return Installed(vectors, knowledge, runtime)


def _register_reset(app: Any, vectors: VectorService) -> None:
    """Let MiniStack's reset reach our store, as if it were a service module of its own."""
    module = types.SimpleNamespace(
        __name__=STATE_KEY,
        reset=vectors.reset,
        get_state=lambda: None,
        load_persisted_state=lambda _data: None,
    )
    app._loaded_modules[STATE_KEY] = module
    app.SERVICE_REGISTRY["s3vectors"] = {"module": STATE_KEY}


OPERATIONS = {
    "bedrock-agent": real("GetIngestionJob", "ListIngestionJobs", "StartIngestionJob"),
    "bedrock-agent-runtime": real("Retrieve"),
    "bedrock-runtime": {
        **real("ApplyGuardrail", note="topic, grounding and harmful-content policies are not evaluated"),
        **real("Converse", note="a planner answers by rules, or the model server that ask_model_url names"),
        **real(
            "InvokeModel",
            note="amazon.titan-embed-text-v2:0 alone, by hashing words; other models are refused",
        ),
    },
    "s3vectors": real("DeleteVectors", "GetIndex", "GetVectors", "PutVectors", "QueryVectors"),
}
TYPES = {
    **real(
        "AWS::Bedrock::DataSource",
        "AWS::Bedrock::GuardrailVersion",
        "AWS::Bedrock::KnowledgeBase",
        "AWS::S3Vectors::Index",
        "AWS::S3Vectors::VectorBucket",
    ),
    **real("AWS::Bedrock::Guardrail", note="topic, grounding and harmful-content policies are recorded only"),
    **recorded("AWS::Budgets::Budget", why="nothing is spent locally, so no notification is due"),
}
