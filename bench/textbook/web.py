"""The view: check the token, read the JSON, hand it to Celery, answer 200."""

import hmac

from flask import Flask, Response, abort, jsonify, request

from bench.textbook import settings
from bench.textbook.tasks import store_notification

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024


@app.post("/webhooks/apps-and-books")
def receive() -> Response:
    """200 once the task is in Redis."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not hmac.compare_digest(token.encode(), settings.TOKEN):
        abort(401)
    payload = request.get_json()
    if not isinstance(payload, dict) or "notificationType" not in payload:
        abort(400)
    store_notification.delay(payload)
    return jsonify(status="ok")


@app.get("/readyz")
def readyz() -> Response:
    return jsonify(status="ok")
