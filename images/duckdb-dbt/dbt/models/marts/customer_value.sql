{{ config(location=env_var('LAB_WORK') ~ '/processed/sales/customer_value.parquet') }}

-- No name and no address: who needs them joins by the id, and needs the right to.
select
    customers.customer_id,
    customers.region,
    count(orders.order_id) as orders,
    cast(coalesce(sum(orders.quantity * orders.unit_price_eur), 0) as decimal(18, 2)) as revenue_eur
from {{ ref('stg_customers') }} as customers
left join {{ ref('stg_orders') }} as orders
    on orders.customer_id = customers.customer_id and orders.status = 'paid'
group by customers.customer_id, customers.region
order by customers.customer_id
