"""What a browser sees when a system sent somebody here with a request that can't be answered."""

from __future__ import annotations

from authlib.oauth2 import OAuth2Error
from flask import Response, jsonify, render_template_string, request

PAGE = """<!doctype html>
<html lang="zh-Hans-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>没有登录成 · 一窗通</title>
<link rel="stylesheet" href="/styles.css">
</head>
<body>
<main class="narrow">
<h1>没有登录成</h1>
<p class="lead">您刚才打开的系统发来的登录请求不对，所以没有继续，也没有把您的任何信息给它。
请回到那个系统再试一次；还不行的话，请告诉它的管理员。</p>
<p lang="en">The system you came from sent a sign-in request that can't be accepted. Nothing about you was
passed on. Please go back and try again, or tell its administrator.</p>
<p class="dim">{{ error }}{% if description %}: {{ description }}{% endif %}</p>
<p><a href="/">一窗通首页 · One Window</a></p>
</main>
</body>
</html>
"""


def fault_page(error: OAuth2Error) -> Response:
    """400, in both languages; as JSON for whoever asks for it. Never a redirect."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        response = jsonify(dict(error.get_body()))
    else:
        body = render_template_string(PAGE, error=error.error, description=error.description or "")
        response = Response(body, mimetype="text/html")
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; form-action 'none'; frame-ancestors 'none'"
        )
    response.status_code = 400
    response.headers["Cache-Control"] = "no-store"
    return response
