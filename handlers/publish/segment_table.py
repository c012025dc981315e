"""The table `segments`: a row for each segment of the run, in the database beside the predictions."""

from common import catalog, names
from common.settings import Settings
from common.tables import NewTable, location, make
from engage_ml.data_contract import DataContract
from engage_ml.segments import segments_sql
from engage_ml.sqltext import create_table_as


def write_segments(
    settings: Settings, contract: DataContract, run_id: str, as_of: str, model_version: str, source: str
) -> str:
    """Writes the rows through a temporary table, from the predictions in table `source`; their location.

    A repeated publish writes the same rows again: readers lose nothing but the moment in between.
    """
    database, prefix = settings.lake_database, names.segments_prefix(as_of, run_id)
    table, where = f"segments_{names.rid(run_id)}", location(settings, prefix)
    select = segments_sql(contract, f"{database}.{source}", run_id, model_version)
    make(settings, [NewTable(table, prefix, create_table_as(f"{database}.{table}", where, select))])
    catalog.drop_table(database, table)
    return where
