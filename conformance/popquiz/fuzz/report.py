# SPDX-License-Identifier: Apache-2.0
"""What a campaign leaves for programs and people."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from popquiz import results


def save(campaign: Mapping[str, Any], out: Path) -> None:
    """Raises SuiteError."""
    text = json.dumps(campaign, indent=1, ensure_ascii=False)
    results.write(out / "campaign.json", text + "\n")
