"""Revenue by region, on Spark: `sales_report.py s3a://data`. Reads intermediate/sales/, writes processed/sales/report/."""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession, functions as F


def report(spark: SparkSession, root: str) -> None:
    """Writes the report below `root`, and prints it."""
    orders = spark.read.parquet(f"{root}/intermediate/sales/orders.parquet")
    customers = spark.read.parquet(f"{root}/intermediate/sales/customers.parquet")
    revenue = (
        orders.where(F.col("status") == "paid")
        .join(customers, "customer_id")
        .groupBy("region")
        .agg(
            F.count("*").alias("orders"),
            F.sum(F.col("quantity") * F.col("unit_price_eur")).cast("decimal(18,2)").alias("revenue_eur"),
        )
        .orderBy("region")
    )
    revenue.coalesce(1).write.mode("overwrite").parquet(f"{root}/processed/sales/report")
    revenue.show()


def main() -> int:
    if len(sys.argv) != 2:
        print("Usage: sales_report.py <root>, such as s3a://data", file=sys.stderr)
        return 2
    with SparkSession.builder.appName("sales-report").getOrCreate() as spark:
        report(spark, sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
