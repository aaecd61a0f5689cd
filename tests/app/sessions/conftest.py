"""What the tests of the app share."""

from __future__ import annotations

import numpy as np
import pytest

from app.editor import Editor
from app.session import Session


@pytest.fixture
def session(editor: Editor, astronaut: np.ndarray) -> Session:
    session = Session(editor)
    session.open(astronaut)
    return session
