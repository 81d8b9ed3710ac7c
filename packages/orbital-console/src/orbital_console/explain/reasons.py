"""Explains what `/readyz` lists beside outputs: a refused configuration, a full buffer, a broken plugin."""

from __future__ import annotations

from typing import Any

from orbital_console.explain.explanation import Explanation

View = dict[str, Any]


def explain(reason: View) -> Explanation:
    """Explain one reason, as in `/api/v1/status`; its message says what to do."""
    subject = f"{reason['reason']} {reason['subject']}".strip()
    state = "failing" if reason["blocks"] else "partial"
    return Explanation(subject=subject, state=state, summary=reason["message"])
