"""The dates of a backfill: found, looked at, and replayed one by one through plan, guards and apply.

What is still to do follows from the values in the warehouse alone, so a backfill that was interrupted is started again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_progress_artifact
from sqlalchemy import Connection, Engine

from activation_sync.core.backfill import ReplayedDay, Verdict, preview_day, view_day
from activation_sync.core.model import Plan
from activation_sync.core.plan import hold_if_not_approved, make_plan
from activation_sync.errors import HeldError, LandingError, ReportFormatError
from activation_sync.warehouse.apply import apply_plan
from activation_sync.warehouse.engine import reading, writing
from activation_sync.warehouse.loading import read_reported
from activation_sync.warehouse.replays import ReplayDay, has_effect, read_replay_days, read_unread
from activation_sync.warehouse.reports import LandedReport, record_rejected
from activation_sync.warehouse.snapshots import apply_past_reports
from activation_sync.warehouse.states import read_replay_inputs
from config.settings import TenantSettings
from tasks.backfill import Backfill, holding
from tasks.load import load_past_report
from tasks.policy import STEP
from tasks.wiring import limits, now, observed_report, open_landing, open_warehouse, tenant_settings
