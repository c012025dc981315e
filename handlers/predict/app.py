"""Predict: POST /predict answers at once or starts a job, GET /predict/{job_id} polls the job.

A customer is looked for in the cache first; for a miss the features of the published run are read
from S3 and scored with its model, here, and the result is cached.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import bulk
import cache
import request
import scoring
from common.errors import InputError
from common.log import emit_metrics, logger
from common.settings import Settings
from engage_ml.described import about
from serving import NothingPublishedError, Server, Serving

Response = dict[str, Any]


class PredictApi:
    """Answers the proxy events of API Gateway. `clock` gives the time of the cache (epoch seconds)."""

    def __init__(
        self, settings: Settings, server: Server | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._server = server or Server(settings.lake_bucket)
        self._clock = clock

    def answer(self, event: dict[str, Any]) -> Response:
        """The response to one proxy event; expected refusals become their status code."""
        try:
            if event.get("httpMethod") == "GET":
                return self._status(event)
            return self._predict(request.parse(event))
        except InputError as error:
            return failure(400, "BadRequest", str(error))
        except NothingPublishedError:
            return failure(
                404, "NothingPublished", "No predictions have been published yet: run the pipeline first."
            )

    def _status(self, event: dict[str, Any]) -> Response:
        job_id = str((event.get("pathParameters") or {}).get("job_id") or "")
        offset = (event.get("queryStringParameters") or {}).get("offset")
        job = bulk.status(self._settings, job_id, offset)
        if job is None:
            return failure(404, "JobNotFound", "There is no such job; jobs are kept for 90 days.")
        return success(job)

    def _predict(self, wanted: request.PredictRequest) -> Response:
        # Taken once: a request is answered from one run, even when a newer one is published meanwhile.
        serving = self._server.current()
        told = about(serving.contract)
        if wanted.features is not None:
            prediction = self._from_features(serving, wanted.features)
            return success({"predictions": [prediction], "not_found": [], "about": told})
        if wanted.is_bulk:
            job = bulk.start(self._settings, wanted.customer_ids, serving.pointer)
            return success({**job, "about": told}, status=202)
        found = self._for_customers(serving, wanted.customer_ids)
        missing = [customer_id for customer_id in wanted.customer_ids if customer_id not in found]
        body = {"predictions": list(found.values()), "not_found": missing, "about": told}
        if not found:
            some = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
            message = f"No customer {some} was known on {serving.as_of}."
            return failure(404, "CustomerNotFound", message, **body)
        return success(body)

    def _for_customers(self, serving: Serving, customer_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Predictions by customer id, in the order asked for; unknown customers are left out."""
        now = self._clock()
        keys = {c: cache.customer_key(serving.run_id, serving.model_version, c) for c in customer_ids}
        cached = cache.read(self._settings.cache_table, list(keys.values()), now)
        misses = [customer_id for customer_id, key in keys.items() if key not in cached]
        count_cache(len(customer_ids) - len(misses), len(misses))
        scored = self._score_customers(serving, misses)
        self._remember({keys[customer_id]: row for customer_id, row in scored.items()}, now)
        answers: dict[str, dict[str, Any]] = {}
        for customer_id, key in keys.items():
            if key in cached:
                prediction, age = cached[key]
                answers[customer_id] = {**prediction, "cached": True, "age_seconds": age}
            elif customer_id in scored:
                answers[customer_id] = {**scored[customer_id], "cached": False, "age_seconds": 0}
        return answers

    def _score_customers(self, serving: Serving, customer_ids: list[str]) -> dict[str, dict[str, Any]]:
        blocks = serving.features.blocks(customer_ids) if customer_ids else []
        if not blocks:
            return {}
        rows = scoring.score(self._server.model(serving), blocks, serving.as_of)
        return {row["customer_id"]: row for row in rows}

    def _from_features(self, serving: Serving, given: dict[str, Any]) -> dict[str, Any]:
        now = self._clock()
        model = self._server.model(serving)
        features = request.check_features(model.dictionary, given)
        unknown = request.unknown_values(model.categories, features)
        key = cache.features_key(serving.run_id, serving.model_version, features)
        cached = cache.read(self._settings.cache_table, [key], now)
        count_cache(len(cached), 1 - len(cached))
        if key in cached:
            prediction, age = cached[key]
            return {**prediction, "unknown_values": unknown, "cached": True, "age_seconds": age}
        row = scoring.score_features(model, features, serving.as_of)
        self._remember({key: row}, now)
        return {**row, "unknown_values": unknown, "cached": False, "age_seconds": 0}

    def _remember(self, rows: dict[str, dict[str, Any]], now: float) -> None:
        cache.write(self._settings.cache_table, rows, now, self._settings.cache_ttl_seconds)


def success(body: dict[str, Any], status: int = 200) -> Response:
    """A JSON response."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", "Cache-Control": "no-store"},
        "body": json.dumps(body),
    }


def failure(status: int, code: str, message: str, **more: Any) -> Response:
    """A JSON error response; `more` is sent beside the error."""
    return success({"error": {"code": code, "message": message}, **more}, status=status)


def count_cache(hits: int, misses: int) -> None:
    """Counts how many predictions came from the cache."""
    emit_metrics(
        {"CacheHits": hits, "CacheMisses": misses}, units={"CacheHits": "Count", "CacheMisses": "Count"}
    )


_api: PredictApi | None = None


def handler(event: dict[str, Any], context: object) -> Response:
    """The Lambda handler. What nobody expected is logged in full and answered as a plain 500."""
    global _api
    log = logger("predict")
    began = time.monotonic()
    try:
        if _api is None:
            _api = PredictApi(Settings())
        response = _api.answer(event)
    except Exception:
        log.exception("request failed")
        response = failure(
            500, "InternalError", "The prediction failed; the reason is in the function's log."
        )
    milliseconds = (time.monotonic() - began) * 1000
    emit_metrics({"PredictionLatencyMs": milliseconds}, units={"PredictionLatencyMs": "Milliseconds"})
    log.info("request answered", status=response["statusCode"], milliseconds=round(milliseconds, 1))
    return response
