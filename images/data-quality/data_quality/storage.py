"""Tables from the object store, and results to it."""

from __future__ import annotations

import io
import tempfile

import boto3
import duckdb
import pandas as pd
from botocore.config import Config


class StorageError(Exception):
    """There is nothing to look at."""


class Storage:
    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self._client = boto3.client("s3", region_name="us-east-1", config=Config(s3={"addressing_style": "path"}))

    def frame(self, key: str) -> pd.DataFrame:
        """
        A CSV or Parquet file as a table.

        Raises StorageError when it is not there.
        """
        try:
            content = self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise StorageError(f"s3://{self.bucket}/{key} is not there: run etl_minimal first") from None
        if key.endswith(".csv"):
            return pd.read_csv(io.BytesIO(content))
        # DuckDB reads Parquet by itself, from a file; pandas would need pyarrow for it.
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect() as connection:
            file.write(content)
            file.flush()
            return connection.from_parquet(file.name).df()

    def put(self, key: str, text: str) -> None:
        self._client.put_object(Bucket=self.bucket, Key=key, Body=text.encode(), ContentType="application/json")
