"""The frame of a backfill: what all of its steps need, and how its end is remembered even when it fails."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from getpass import getuser
from uuid import uuid4

from prefect import get_run_logger, runtime

from activation_sync.core.backfill import Window
from activation_sync.core.run import Outcome, RunSummary
from activation_sync.errors import ActivationSyncError, HeldError
from activation_sync.warehouse.engine import writing
from activation_sync.warehouse.runs import record_run, record_run_started
from activation_sync.warehouse.schema import refuse_other_schema
from config.settings import load_settings
from tasks.run import Run, hold_tenant
from tasks.wiring import now, open_warehouse, tenant_settings
