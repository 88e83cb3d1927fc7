{{ config(location=env_var('LAB_WORK') ~ '/intermediate/sales/customers.parquet') }}

select
    customer_id,
    name,
    lower(email) as email,
    region,
    customer_since
from {{ source('raw', 'customers') }}
order by customer_id
