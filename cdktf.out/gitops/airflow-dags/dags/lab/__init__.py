"""What the DAGs of the lab share. Not a DAG: `.airflowignore` keeps it from being looked at as one."""
