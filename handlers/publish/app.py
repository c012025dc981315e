"""Publish: make this run's predictions the ones that everybody reads, all at once, or not at all.

In: the run object after inference. Out: `publish`. Order matters: everything is checked and written
beside what is there, then the pointers move (partition, sample, online), then the knowledge is
refreshed and the run's temporary tables go. Doing it twice gives the same result.

A run as of an older week than the one that is served adds its partitions and nothing else: the API and
questions go on to speak of one and the same date (`serving.py`).
"""

from typing import Any

import checks
import knowledge
import sample
import segment_table
from common import athena, catalog, names, runs, s3
from common.aws import client, error_code
from common.errors import DataError
from common.log import emit_metrics, logger
from common.settings import Settings
from common.step import Run, step
from engage_ml import data_contract, described
from lock import publishing
from serving import current_pointer, newer_served

ONLINE_FILES = ("ids.bin", "features.npy", "block.json")


def publish(run: Run, settings: Settings) -> Run:
    """The run with what was published; raises DataError (and moves no pointer) when a check fails."""
    run_id, as_of = run["run_id"], run["as_of"]
    version = run["promote"]["model_version"]
    database, bucket = settings.lake_database, settings.lake_bucket

    contract = data_contract.parse(run["contract"])
    checks.create_check_table(settings, contract, run_id, as_of)
    evaluation = read_evaluation(bucket, run_id)
    churn_rate = evaluation["targets"]["churn"]["challenger"]["all"].get("base_rate")
    found = checks.check(settings, run_id, int(run["split"]["customers_to_score"]), churn_rate)
    require_online(bucket, run_id, int(run["split"]["n_shards"]))
    sample_location = sample.write_sample(settings, contract, run_id, as_of, checks.check_table(run_id))
    segments_location = segment_table.write_segments(
        settings, contract, run_id, as_of, version, checks.check_table(run_id)
    )
    groups = athena.run(
        knowledge.groups_sql(contract, f"{database}.{checks.check_table(run_id)}"),
        database,
        workgroup=settings.workgroup,
        max_rows=5000,
    ).rows

    location = f"s3://{bucket}/{names.predictions_prefix(as_of, run_id)}"
    documents = knowledge.documents(contract, run, found, groups, evaluation)
    with publishing(bucket, run_id):
        newer = newer_served(bucket, run)
        if newer is None:
            set_columns(database, contract)
        replaced = catalog.point_partition(database, "predictions", as_of, location)
        catalog.point_partition(database, "qa_sample", as_of, sample_location)
        catalog.point_partition(database, "segments", as_of, segments_location)
        ingestion = f"none: the documents stay those of {newer}"
        if newer is None:
            s3.put_json(bucket, names.CURRENT_KEY, current_pointer(run, version))
            write_documents(bucket, documents)
            ingestion = start_ingestion(settings)
    dropped = catalog.drop_tables(database, names.temporary_tables(run_id))
    published: dict[str, Any] = {
        "predictions": int(found["predictions"]),
        "high_risk": int(found["high_risk"] or 0),
        "medium_risk": int(found["medium_risk"] or 0),
        "low_risk": int(found["low_risk"] or 0),
        "mean_churn": round(float(found["mean_churn"]), 6),
        "mean_engagement": round(float(found["mean_engagement"]), 6),
        "total_value": round(float(found["total_value"]), 2),
        "model_version": version,
        "location": location,
        "replaced": replaced if replaced != location else None,
        "qa_sample": sample_location,
        "segments": segments_location,
        "serving": newer is None,
        "served_as_of": newer or as_of,
        "documents": sorted(documents) if newer is None else [],
        "ingestion": ingestion,
        "about": {**described.about(contract), "dimensions": dict(knowledge.dimensions(contract))},
        "dropped_tables": len(dropped),
    }
    runs.write_status(bucket, run, "finished", **summary(run, published))
    emit_metrics(
        {
            "PredictionsPublished": published["predictions"],
            "HighRiskShare": published["high_risk"] / max(1, published["predictions"]),
            "MeanChurnProbability": published["mean_churn"],
            "RowsQuarantined": sum(
                run["validate"][table]["quarantined"] for table in ("customers", "activity")
            ),
            "RunSeconds": runs.seconds_since(run["started_at"]),
        },
        units={"PredictionsPublished": "Count", "RowsQuarantined": "Count", "RunSeconds": "Seconds"},
    )
    return {**run, "publish": published}


def require_online(bucket: str, run_id: str, n_shards: int) -> None:
    """Raises DataError unless every shard has its online files: the API must not lose customers."""
    prefix = names.online_prefix(run_id)
    present = set(s3.keys(bucket, prefix))
    wanted = {f"{prefix}shard={n}/{name}" for n in range(n_shards) for name in ONLINE_FILES}
    missing = sorted(wanted - present)
    if missing:
        raise DataError(
            f"{len(missing)} online files are missing, first {missing[0]}.",
            hint="look at the inference tasks with `engage logs`, then run the pipeline again",
        )


def set_columns(database: str, contract: data_contract.DataContract) -> None:
    """Gives both published tables the contract's columns, with their meanings as comments."""
    wanted = [(c.name, c.type, comment(c)) for c in described.columns(contract) if c.name != "as_of"]
    for table in ("predictions", "qa_sample"):
        catalog.set_columns(database, table, wanted)


def comment(column: described.Column) -> str:
    """A column's meaning and unit, within the 255 characters that Glue takes."""
    return f"{column.meaning}{f' ({column.unit})' if column.unit else ''}"[:255]


def read_evaluation(bucket: str, run_id: str) -> dict[str, Any]:
    """The training task's evaluation; raises DataError when it is not there."""
    evaluation = s3.get_json(bucket, names.run_key(run_id, "evaluation.json"))
    if evaluation is None:
        raise DataError(
            f"The evaluation of run {run_id} is missing.", hint="look at the training task with `engage logs`"
        )
    return evaluation


def write_documents(bucket: str, documents: dict[str, str]) -> None:
    """Writes the documents and removes those of earlier runs that are no longer among them."""
    for name, text in documents.items():
        s3.put_bytes(bucket, f"knowledge/{name}", text.encode(), "text/markdown; charset=utf-8")
    for key in list(s3.keys(bucket, "knowledge/")):
        if key.removeprefix("knowledge/") not in documents:
            client("s3").delete_object(Bucket=bucket, Key=key)


def start_ingestion(settings: Settings) -> str:
    """Starts the knowledge base's ingestion; what became of it: the job's id, or why there is none."""
    knowledge_base = settings.optional("KNOWLEDGE_BASE_ID")
    if knowledge_base is None:
        return "none: no knowledge base is configured"
    try:
        answer = client("bedrock-agent").start_ingestion_job(
            knowledgeBaseId=knowledge_base, dataSourceId=settings.text("DATA_SOURCE_ID")
        )
    except client("bedrock-agent").exceptions.ClientError as error:
        # One job at a time for a data source: the one that is running may or may not see the new
        # documents, the next run's certainly will. The predictions are published either way.
        if error_code(error) != "ConflictException":
            raise
        logger("publish").warning("another ingestion job is running", knowledge_base=knowledge_base)
        return "skipped: another ingestion job is running"
    return str(answer["ingestionJob"]["ingestionJobId"])


def summary(run: Run, published: dict[str, Any]) -> dict[str, Any]:
    """What the status document says about a finished run."""
    keys = ("prepare", "validate", "split", "features", "promote")
    return {"steps": {key: run.get(key) for key in keys}, "publish": published}


handler = step("publish", publish)
