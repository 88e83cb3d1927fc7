"""Great Expectations on the lab's data, as a job."""
