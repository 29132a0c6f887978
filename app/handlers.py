"""What workers do, by kind of job."""

from collections.abc import Mapping

from app.exchange.service import IMPORT, run_import
from app.jobs.worker import Handler
from app.training.jobs import TRAINING, run_training

HANDLERS: Mapping[str, Handler] = {IMPORT: run_import, TRAINING: run_training}
