# Who may do what in the lab's Trino. Everything that no rule allows is denied. What Trino asks:
# https://trino.io/docs/current/security/opa-access-control.html (looked up for Trino 480).
#   opa.policy.uri                     …/v1/data/trino/allow
#   opa.policy.batched-uri             …/v1/data/trino/batch
#   opa.policy.row-filters-uri         …/v1/data/trino/row_filters
#   opa.policy.batch-column-masking-uri …/v1/data/trino/batch_column_masks
# Roles, and what each may read, are in roles.rego beside this file.
package trino

import rego.v1

default allow := false

user := input.context.identity.user

groups contains group if some group in input.context.identity.groups

# A role is given to a user by name, or to a group.
roles contains role if {
	some role, holders in data.trino_roles.holders
	user in holders.users
}

roles contains role if {
	some role, holders in data.trino_roles.holders
	some group in groups
	group in holders.groups
}

grants contains grant if {
	some role in roles
	some grant in data.trino_roles.grants[role]
}

is_administrator if "administrator" in roles

# ---- What everybody who is known may do ---------------------------------------------------------------------------------

allow if is_administrator

allow if {
	count(roles) > 0
	input.action.operation in {"ExecuteQuery", "ShowFunctions", "FilterFunctions"}
}

# The functions of the language itself, such as count(): a call asks for each.
allow if {
	count(roles) > 0
	input.action.operation == "ExecuteFunction"
	input.action.resource.function.catalogName == "system"
	input.action.resource.function.schemaName == "builtin"
}

# Somebody's own queries.
allow if {
	input.action.operation in {"ViewQueryOwnedBy", "KillQueryOwnedBy", "FilterViewQueryOwnedBy"}
	input.action.resource.user.user == user
	count(roles) > 0
}

allow if {
	count(roles) > 0
	input.action.operation in {"SetSystemSessionProperty", "SetCatalogSessionProperty"}
	not forbidden_property
}

# A user who sets these takes memory or time from others.
forbidden_property if input.action.resource.systemSessionProperty.name in data.trino_roles.reserved_session_properties

# Metrics, by the user that Prometheus has.
allow if {
	input.action.operation == "ReadSystemInformation"
	"monitor" in roles
}

# ---- Reading -------------------------------------------------------------------------------------------------------------

allow if {
	input.action.operation in {"AccessCatalog", "FilterCatalogs", "ShowSchemas"}
	some grant in grants
	grant.catalog == input.action.resource.catalog.name
}

# Each catalog describes itself in this schema; what is in it is filtered as everything else is.
allow if {
	input.action.operation in {"FilterSchemas", "ShowTables"}
	input.action.resource.schema.schemaName == "information_schema"
	some grant in grants
	grant.catalog == input.action.resource.schema.catalogName
}

allow if {
	input.action.operation in {"FilterTables", "SelectFromColumns", "FilterColumns", "ShowColumns"}
	input.action.resource.table.schemaName == "information_schema"
	some grant in grants
	grant.catalog == input.action.resource.table.catalogName
}

allow if {
	input.action.operation in {"FilterSchemas", "ShowTables", "ShowCreateSchema"}
	some grant in grants
	grant.catalog == input.action.resource.schema.catalogName
	grant.schema == input.action.resource.schema.schemaName
}

allow if {
	input.action.operation in {"FilterTables", "FilterColumns", "ShowColumns", "ShowCreateTable", "SelectFromColumns"}
	may_read(input.action.resource.table)
}

# A grant without tables is one for all of its schema.
may_read(table) if {
	some grant in grants
	grant.catalog == table.catalogName
	grant.schema == table.schemaName
	not grant.tables
}

may_read(table) if {
	some grant in grants
	grant.catalog == table.catalogName
	grant.schema == table.schemaName
	table.tableName in grant.tables
}

# ---- Writing -------------------------------------------------------------------------------------------------------------

allow if {
	input.action.operation == "CreateSchema"
	may_write(input.action.resource.schema)
}

allow if {
	input.action.operation in {
		"CreateTable", "DropTable", "InsertIntoTable", "DeleteFromTable", "UpdateTableColumns", "TruncateTable",
		"AddColumn", "SetColumnComment", "SetTableComment", "SetTableProperties", "ExecuteTableProcedure",
	}
	may_write(input.action.resource.table)
}

may_write(resource) if {
	some grant in grants
	grant.write
	grant.catalog == resource.catalogName
	grant.schema == resource.schemaName
}

# ---- Rows and columns ----------------------------------------------------------------------------------------------------

# Trino asks with the user for whom it reads. Whoever writes the tables, or administers, sees all of them.
unfiltered if is_administrator

unfiltered if "pipeline" in roles

# Regions come from the roles that somebody has: two of them give both.
regions contains region if {
	some role in roles
	some region in data.trino_roles.regions[role]
}

row_filters contains {"expression": expression} if {
	not unfiltered
	table := input.action.resource.table
	some filter in data.trino_roles.filtered_by_region
	same_table(filter, table)
	expression := region_expression(filter)
}

# Nobody's region is no row, and not every row.
region_expression(_) := "false" if count(regions) == 0

region_expression(filter) := sprintf("%s IN (%s)", [filter.column, concat(", ", literals)]) if {
	not filter.through
	count(regions) > 0
	literals := region_literals
}

# The table has no region itself: it is the region of the row that it refers to. The other table is read as the same user,
# whom its own filter shows the same regions.
region_expression(filter) := sprintf(
	"%s IN (SELECT %s FROM %s.%s.%s WHERE %s IN (%s))",
	[
		filter.column, filter.through.key, filter.catalog, filter.schema, filter.through.table,
		filter.through.column, concat(", ", region_literals),
	],
) if {
	filter.through
	count(regions) > 0
}

# Of roles.rego, so no user can write SQL here; quotes are doubled all the same. In order, whatever the order of the set.
region_literals := [sprintf("'%s'", [replace(region, "'", "''")]) | some region in sort(regions)]

sees_personal_data if is_administrator

sees_personal_data if "personal_data" in roles

sees_personal_data if "pipeline" in roles

batch_column_masks contains {"index": index, "viewExpression": {"expression": mask.expression}} if {
	not sees_personal_data
	some index, resource in input.action.filterResources
	some mask in data.trino_roles.masks
	same_table(mask, resource.column)
	mask.column == resource.column.columnName
}

same_table(rule, resource) if {
	rule.catalog == resource.catalogName
	rule.schema == resource.schemaName
	rule.table == resource.tableName
}

# ---- Many at once --------------------------------------------------------------------------------------------------------

# The answer has the places of what is allowed in the list of what was asked for.
batch contains index if {
	input.action.operation != "FilterColumns"
	some index, resource in input.action.filterResources
	allow with input.action.resource as resource
}

# Columns are asked for with one table that has them all; whoever may read a table may see all of its columns.
batch contains index if {
	input.action.operation == "FilterColumns"
	count(input.action.filterResources) == 1
	table := input.action.filterResources[0].table
	some index, _ in table.columns
	allow with input.action.resource as {"table": table}
}
