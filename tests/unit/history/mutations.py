"""All the faults that the checker has to find. They enter the catalogue when they are imported."""

from tests.unit.history import faults_of_copies, faults_of_order, faults_of_records, faults_of_text
from tests.unit.history.mutating import CATALOGUE

__all__ = ["CATALOGUE", "MODULES"]

MODULES = (faults_of_copies, faults_of_order, faults_of_records, faults_of_text)
