# The requests are in the shape in which Trino sends them: the documentation's page on OPA, and the plugin's own tests.
package trino_test

import rego.v1

import data.trino

request(user, groups, action) := {
	"context": {
		"identity": {"user": user, "groups": groups},
		"queryId": "20261121_081710_03427_trino",
		"softwareStack": {"trinoVersion": "480"},
	},
	"action": action,
}

customers := {"catalogName": "lakehouse", "schemaName": "sales", "tableName": "customers"}

orders := {"catalogName": "lakehouse", "schemaName": "sales", "tableName": "orders"}

select(table, columns) := {
	"operation": "SelectFromColumns",
	"resource": {"table": object.union(table, {"columns": columns})},
}

on_table(operation, table) := {"operation": operation, "resource": {"table": table}}

# ---- GIVEN somebody whom no role is given to -------------------------------------------------------------------------------

test_fails_to_execute_without_a_role if {
	not trino.allow with input as request("mallory", [], {"operation": "ExecuteQuery"})
	not trino.allow with input as request("mallory", ["strangers"], {"operation": "ExecuteQuery"})
}

test_fails_to_read_without_a_role if {
	not trino.allow with input as request("mallory", [], select(orders, ["order_id"]))
}

test_fails_for_an_operation_that_no_rule_names if {
	not trino.allow with input as request("alice", ["analysts"], {"operation": "WriteSystemInformation"})
	not trino.allow with input as request("alice", ["analysts"], on_table("GrantTablePrivilege", orders))
}

test_fails_without_an_identity if {
	not trino.allow with input as {"action": {"operation": "ExecuteQuery"}}
}

# ---- GIVEN an analyst ------------------------------------------------------------------------------------------------------

test_analyst_reads_sales if {
	trino.allow with input as request("alice", ["analysts"], {"operation": "ExecuteQuery"})
	trino.allow with input as request("alice", ["analysts"], {"operation": "AccessCatalog", "resource": {"catalog": {"name": "lakehouse"}}})
	trino.allow with input as request("alice", ["analysts"], select(orders, ["order_id", "status"]))
	trino.allow with input as request("superset", ["analysts"], select(orders, ["order_id"]))
}

test_analyst_calls_functions_of_the_language if {
	count_function := {"operation": "ExecuteFunction", "resource": {"function": {"catalogName": "system", "schemaName": "builtin", "functionName": "count"}}}
	trino.allow with input as request("alice", ["analysts"], count_function)
	not trino.allow with input as request("mallory", [], count_function)
}

test_fails_to_call_a_function_of_another_schema if {
	not trino.allow with input as request("alice", ["analysts"], {"operation": "ExecuteFunction", "resource": {"function": {"catalogName": "lakehouse", "schemaName": "sales", "functionName": "f"}}})
}

test_fails_to_read_another_schema if {
	not trino.allow with input as request("alice", ["analysts"], select({"catalogName": "lakehouse", "schemaName": "payroll", "tableName": "salaries"}, ["amount"]))
	not trino.allow with input as request("alice", ["analysts"], select({"catalogName": "postgresql", "schemaName": "sales", "tableName": "orders"}, ["order_id"]))
}

test_fails_to_write_as_an_analyst if {
	every operation in ["InsertIntoTable", "DeleteFromTable", "CreateTable", "DropTable", "UpdateTableColumns"] {
		not trino.allow with input as request("alice", ["analysts"], on_table(operation, orders))
	}
}

test_fails_to_take_more_memory_than_others if {
	not trino.allow with input as request("alice", ["analysts"], {"operation": "SetSystemSessionProperty", "resource": {"systemSessionProperty": {"name": "query_max_memory"}}})
	trino.allow with input as request("alice", ["analysts"], {"operation": "SetSystemSessionProperty", "resource": {"systemSessionProperty": {"name": "join_distribution_type"}}})
}

test_somebody_ends_their_own_queries_only if {
	own := {"operation": "KillQueryOwnedBy", "resource": {"user": {"user": "alice", "groups": ["analysts"]}}}
	trino.allow with input as request("alice", ["analysts"], own)
	not trino.allow with input as request("bob", ["analysts"], own)
}

# ---- GIVEN the other roles -------------------------------------------------------------------------------------------------

test_pipeline_writes_sales if {
	every operation in ["CreateTable", "DeleteFromTable", "InsertIntoTable"] {
		trino.allow with input as request("pipeline", ["data-engineers"], on_table(operation, orders))
	}
	trino.allow with input as request("pipeline", ["data-engineers"], {"operation": "CreateSchema", "resource": {"schema": {"catalogName": "lakehouse", "schemaName": "sales", "properties": {}}}})
}

test_fails_to_write_elsewhere_as_the_pipeline if {
	not trino.allow with input as request("pipeline", ["data-engineers"], on_table("InsertIntoTable", {"catalogName": "lakehouse", "schemaName": "benchmark", "tableName": "t"}))
}

test_customer_care_reads_customers_only if {
	trino.allow with input as request("carla", ["customer-care"], select(customers, ["email"]))
	not trino.allow with input as request("carla", ["customer-care"], select(orders, ["order_id"]))
}

test_prometheus_reads_metrics_and_no_data if {
	trino.allow with input as request("prometheus", [], {"operation": "ReadSystemInformation"})
	not trino.allow with input as request("alice", ["analysts"], {"operation": "ReadSystemInformation"})
	not trino.allow with input as request("prometheus", [], select(orders, ["order_id"]))
}

test_administrator_may_do_all_of_it if {
	trino.allow with input as request("root", ["admins"], {"operation": "WriteSystemInformation"})
}

# ---- Row filters -----------------------------------------------------------------------------------------------------------

test_region_filters_rows if {
	trino.row_filters == {{"expression": "region IN ('north')"}} with input as request("nora", ["analysts-north"], on_table("GetRowFilters", customers))
	trino.row_filters == {{"expression": "region IN ('east', 'north', 'south', 'west')"}} with input as request("alice", ["analysts"], on_table("GetRowFilters", customers))
}

test_orders_are_filtered_by_their_customers_region if {
	trino.row_filters == {{"expression": "customer_id IN (SELECT customer_id FROM lakehouse.sales.customers WHERE region IN ('north'))"}} with input as request("nora", ["analysts-north"], on_table("GetRowFilters", orders))
}

test_fails_to_see_a_row_without_a_region if {
	trino.row_filters == {{"expression": "false"}} with input as request("openmetadata", [], on_table("GetRowFilters", customers))
	trino.row_filters == {{"expression": "false"}} with input as request("openmetadata", [], on_table("GetRowFilters", orders))
}

test_quotes_of_a_region_are_doubled if {
	trino.row_filters == {{"expression": "region IN ('l''est')"}} with input as request("nora", ["analysts-north"], on_table("GetRowFilters", customers))
		with data.trino_roles.regions as {"analyst_north": ["l'est"]}
}

test_pipeline_and_administrator_see_all_rows if {
	trino.row_filters == set() with input as request("pipeline", ["data-engineers"], on_table("GetRowFilters", orders))
	trino.row_filters == set() with input as request("admin", ["admins"], on_table("GetRowFilters", orders))
}

test_other_tables_have_no_filter if {
	trino.row_filters == set() with input as request("nora", ["analysts-north"], on_table("GetRowFilters", {"catalogName": "tpch", "schemaName": "tiny", "tableName": "nation"}))
}

# ---- Column masks ----------------------------------------------------------------------------------------------------------

masks_for(user, groups) := masks if {
	masks := trino.batch_column_masks with input as request(user, groups, {
		"operation": "GetColumnMask",
		"filterResources": [{"column": object.union(customers, {"columnName": name, "columnType": "varchar"})} |
			some name in ["customer_id", "email", "name", "region"]
		],
	})
}

test_personal_data_is_masked if {
	masks_for("alice", ["analysts"]) == {
		{"index": 1, "viewExpression": {"expression": "'***@' || split_part(email, '@', 2)"}},
		{"index": 2, "viewExpression": {"expression": "substr(name, 1, 1) || '.'"}},
	}
}

test_customer_care_pipeline_and_administrator_see_personal_data if {
	masks_for("carla", ["customer-care"]) == set()
	masks_for("pipeline", ["data-engineers"]) == set()
	masks_for("admin", ["admins"]) == set()
}

test_a_column_of_the_same_name_elsewhere_is_not_masked if {
	trino.batch_column_masks == set() with input as request("alice", ["analysts"], {
		"operation": "GetColumnMask",
		"filterResources": [{"column": object.union(orders, {"columnName": "email", "columnType": "varchar"})}],
	})
}

# ---- Batches ---------------------------------------------------------------------------------------------------------------

test_batch_has_the_places_of_what_is_allowed if {
	trino.batch == {1} with input as request("alice", ["analysts"], {
		"operation": "FilterCatalogs",
		"filterResources": [{"catalog": {"name": "system"}}, {"catalog": {"name": "lakehouse"}}, {"catalog": {"name": "tpch"}}],
	})
	trino.batch == {0, 2} with input as request("alice", ["analysts"], {
		"operation": "FilterTables",
		"filterResources": [{"table": customers}, {"table": {"catalogName": "lakehouse", "schemaName": "payroll", "tableName": "salaries"}}, {"table": orders}],
	})
	trino.batch == {0, 1} with input as request("alice", ["analysts"], {
		"operation": "FilterSchemas",
		"filterResources": [{"schema": {"catalogName": "lakehouse", "schemaName": "information_schema"}}, {"schema": {"catalogName": "lakehouse", "schemaName": "sales"}}, {"schema": {"catalogName": "lakehouse", "schemaName": "payroll"}}],
	})
}

test_columns_of_a_readable_table_are_all_there if {
	columns := {"operation": "FilterColumns", "filterResources": [{"table": object.union(customers, {"columns": ["customer_id", "name", "email"]})}]}
	trino.batch == {0, 1, 2} with input as request("alice", ["analysts"], columns)
	trino.batch == set() with input as request("mallory", [], columns)
}

test_fails_to_list_anything_without_a_role if {
	trino.batch == set() with input as request("mallory", [], {"operation": "FilterCatalogs", "filterResources": [{"catalog": {"name": "lakehouse"}}]})
}
