{{ config(location=env_var('LAB_WORK') ~ '/intermediate/sales/orders.parquet') }}

select
    order_id,
    customer_id,
    ordered_on,
    product,
    quantity,
    unit_price_eur,
    status
from {{ source('raw', 'orders') }}
order by order_id
