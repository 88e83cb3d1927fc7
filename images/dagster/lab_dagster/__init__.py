"""The sample pipeline as assets of Dagster, with the same images as Airflow's jobs. `python -m dagster api grpc -m lab_dagster`."""

from dagster import Definitions

from .assets import intermediate_sales, mlflow_run, quality_of_orders, sales_report

defs = Definitions(assets=[intermediate_sales, mlflow_run, quality_of_orders, sales_report])
