# Who is who in the lab's Trino: the document that the rules in trino.rego read. It is Rego rather than JSON because kube-mgmt
# puts a JSON file of a ConfigMap below the names of its namespace and ConfigMap, and a policy where its package says.
package trino_roles

# Who has a role: programs by the name that they log in with, and groups, whose names are those of Keycloak's realm. Who is in
# which is told Trino by environments/lab/data/trino-groups.ts.
holders := {
	"administrator": {
		"users": [],
		"groups": ["admins"],
	},
	"pipeline": {
		"users": [],
		"groups": ["data-engineers"],
	},
	"analyst_north": {
		"users": [],
		"groups": ["analysts-north"],
	},
	"analyst_all": {
		"users": [],
		"groups": ["analysts"],
	},
	"personal_data": {
		"users": [],
		"groups": ["customer-care"],
	},
	"catalogue": {
		"users": ["openmetadata"],
		"groups": [],
	},
	"benchmark": {
		"users": ["benchmark"],
		"groups": [],
	},
	"monitor": {
		"users": ["prometheus"],
		"groups": [],
	},
}

# What a role may read; with `write`, change as well. Without `tables`: all of the schema.
grants := {
	"pipeline": [{
		"catalog": "lakehouse",
		"schema": "sales",
		"write": true,
	}],
	"analyst_north": [{
		"catalog": "lakehouse",
		"schema": "sales",
	}],
	"analyst_all": [{
		"catalog": "lakehouse",
		"schema": "sales",
	}],
	"personal_data": [{
		"catalog": "lakehouse",
		"schema": "sales",
		"tables": ["customers"],
	}],
	"catalogue": [{
		"catalog": "lakehouse",
		"schema": "sales",
	}],
	"benchmark": [
		{
			"catalog": "lakehouse",
			"schema": "benchmark",
			"write": true,
		},
		{
			"catalog": "tpch",
			"schema": "tiny",
		},
	],
}

# Rows of which regions a role shows. Somebody without a region sees no row of the tables below.
regions := {
	"analyst_north": ["north"],
	"analyst_all": [
		"north",
		"south",
		"east",
		"west",
	],
	"personal_data": [
		"north",
		"south",
		"east",
		"west",
	],
}

# Tables that have a region, or that refer to a row that has one.
filtered_by_region := [
	{
		"catalog": "lakehouse",
		"schema": "sales",
		"table": "customers",
		"column": "region",
	},
	{
		"catalog": "lakehouse",
		"schema": "sales",
		"table": "revenue",
		"column": "region",
	},
	{
		"catalog": "lakehouse",
		"schema": "sales",
		"table": "orders",
		"column": "customer_id",
		"through": {
			"table": "customers",
			"key": "customer_id",
			"column": "region",
		},
	},
]

# Personal data, and what is shown in its place to who has no right to it: an expression of Trino, of the column's type.
masks := [
	{
		"catalog": "lakehouse",
		"schema": "sales",
		"table": "customers",
		"column": "name",
		"expression": "substr(name, 1, 1) || '.'",
	},
	{
		"catalog": "lakehouse",
		"schema": "sales",
		"table": "customers",
		"column": "email",
		"expression": "'***@' || split_part(email, '@', 2)",
	},
]

# With these, a session would take memory or time that is not its own.
reserved_session_properties := [
	"query_max_memory",
	"query_max_memory_per_node",
	"query_max_run_time",
	"query_priority",
]
