"""Settings that would open the server, or lead its requests elsewhere, are taken out of the environment."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

# Gradio and its server read dozens of variables: for a public link, other addresses, folders to serve, workers on
# ports of their own, a login by others. What this app needs of these, it says itself.
_PREFIXES = ("GRADIO_", "UVICORN_", "OAUTH_", "SPACE_", "SPACES_", "HF_", "HUGGINGFACE_", "KAGGLE_", "COLAB_")
_NAMES = frozenset({
    "ALL_PROXY", "FORWARDED_ALLOW_IPS", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "OPENID_PROVIDER_URL", "SYSTEM",
    "WEB_CONCURRENCY",
})  # fmt: skip


def close_environment(environment: MutableMapping[str, str] = os.environ) -> None:
    """Take all such variables out, in whatever case. To be called before Gradio is imported, which reads many then."""
    for name in list(environment):
        if name.upper().startswith(_PREFIXES) or name.upper() in _NAMES:
            del environment[name]
