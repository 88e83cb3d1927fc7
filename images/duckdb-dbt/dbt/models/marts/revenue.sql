{{ config(location=env_var('LAB_WORK') ~ '/processed/sales/revenue.parquet') }}

-- Only what was paid and kept is revenue.
select
    customers.region,
    cast(date_trunc('month', orders.ordered_on) as date) as month,
    count(*) as orders,
    cast(sum(orders.quantity * orders.unit_price_eur) as decimal(18, 2)) as revenue_eur
from {{ ref('stg_orders') }} as orders
inner join {{ ref('stg_customers') }} as customers on customers.customer_id = orders.customer_id
where orders.status = 'paid'
group by customers.region, month
order by customers.region, month
