"""The lab's sample pipeline as jobs: transformation with dbt on DuckDB, publication to Trino, tracking in MLflow."""
