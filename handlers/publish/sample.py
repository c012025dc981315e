"""The QA sample: 400 predictions for a person to review, the same ones whenever the run is repeated."""

from common import catalog, names
from common.settings import Settings
from common.tables import NewTable, location, make
from engage_ml.data_contract import DataContract
from engage_ml.prediction_table import prediction_table
from engage_ml.sqltext import create_table_as, identifier

SAMPLE_ROWS = 400


def sample_sql(contract: DataContract, source: str, as_of: str) -> str:
    """SELECT of the sample, stratified by risk band.

    Within each band customers are ranked by the md5 of id and as-of date (deterministic, independent
    of what was predicted, and different every week); taking rank by rank over the bands gives each
    band the same number of rows and passes on what a small band cannot fill.
    """
    columns = ", ".join(identifier(name) for name, _ in prediction_table(contract))
    order = f"to_hex(md5(to_utf8(concat(customer_id, '{as_of}'))))"
    return (
        f"SELECT {columns} FROM ("
        f"SELECT {columns}, row_number() OVER (PARTITION BY risk_band ORDER BY {order}) AS band_rank "
        f"FROM {source}"
        f") ranked ORDER BY band_rank, risk_band LIMIT {SAMPLE_ROWS}"
    )


def write_sample(settings: Settings, contract: DataContract, run_id: str, as_of: str, source: str) -> str:
    """Writes the sample's files through a temporary table and returns their location.

    A repeated publish writes the same rows again: readers lose nothing but the moment in between.
    """
    database, prefix = settings.lake_database, names.qa_prefix(as_of, run_id)
    table, where = f"qa_sample_{names.rid(run_id)}", location(settings, prefix)
    select = sample_sql(contract, f"{database}.{source}", as_of)
    statement = create_table_as(f"{database}.{table}", where, select)
    make(settings, [NewTable(table, prefix, statement)])
    catalog.drop_table(database, table)
    return where
