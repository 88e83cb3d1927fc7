"""Fills OpenMetadata by its API, as its admin. The file that PLAN names says with what.

connect: makes the services, and the pipelines that read them, and has OpenMetadata run these on their schedules.
results: brings what Great Expectations found, which its jobs leave in the object store, to the tables that it is about.

Both are safe to repeat.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote


class CatalogueError(Exception):
    """OpenMetadata did not take something."""


class OpenMetadata:
    def __init__(self, server: str, email: str, password: str) -> None:
        self._url = f"{server.rstrip('/')}/api/v1"
        self._headers = {"Content-Type": "application/json"}
        # It wants the password in Base64.
        login = {"email": email, "password": base64.b64encode(password.encode()).decode()}
        self._headers["Authorization"] = f"Bearer {self.call('POST', '/users/login', login)['accessToken']}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """
        The answer, None for nothing found.

        Raises CatalogueError when it is another one than success.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data=data, method=method, headers=self._headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404 and method == "GET":
                return None
            # What was sent has passwords: only the answer is shown.
            raise CatalogueError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')[:500]}") from None
        return json.loads(text) if text else None


def connect(server: OpenMetadata, plan: dict[str, Any], chosen: list[str]) -> None:
    for connector in plan["connectors"]:
        name = connector["name"]
        if name not in chosen:
            print(f"{name} is not chosen")
            continue
        service = server.call(
            "PUT",
            f"/services/{connector['kind']}s",
            {
                "name": name,
                "serviceType": connector["type"],
                "connection": {"config": with_secrets(connector["connection"])},
            },
        )
        for pipeline in connector["pipelines"]:
            made = server.call(
                "PUT",
                "/services/ingestionPipelines",
                {
                    "name": pipeline["type"],
                    "pipelineType": pipeline["type"],
                    "service": {"id": service["id"], "type": connector["kind"]},
                    "sourceConfig": {"config": pipeline["source"]},
                    "airflowConfig": {"scheduleInterval": pipeline["schedule"]},
                },
            )
            server.call("POST", f"/services/ingestionPipelines/deploy/{made['id']}")
            print(f"{name}.{pipeline['type']} reads at {pipeline['schedule']}")


def with_secrets(value: Any) -> Any:
    """Puts the variable NAME in the place of {"fromEnvironment": "NAME"}."""
    if isinstance(value, dict):
        if list(value) == ["fromEnvironment"]:
            return os.environ[value["fromEnvironment"]]
        return {key: with_secrets(each) for key, each in value.items()}
    return value


def results(server: OpenMetadata, plan: dict[str, Any], store: Any) -> None:
    folder = plan["results"]["folder"].rstrip("/") + "/"
    listed = store.list_objects_v2(Bucket=plan["results"]["bucket"], Prefix=folder).get("Contents", [])
    for found in listed:
        suite = found["Key"].removeprefix(folder).removesuffix(".json")
        table_name = plan["results"]["tables"].get(suite)
        if table_name is None:
            print(f"{found['Key']} is about no table of the plan")
            continue
        table = server.call("GET", f"/tables/name/{quote(table_name, safe='')}?fields=testSuite")
        if table is None:
            print(f"{suite}: {table_name} is not in OpenMetadata yet")
            continue
        if table.get("testSuite") is None:
            server.call(
                "PUT",
                "/dataQuality/testSuites/executable",
                {"name": f"{table_name}.TestSuite", "basicEntityReference": table_name},
            )
        outcome = json.loads(store.get_object(Bucket=plan["results"]["bucket"], Key=found["Key"])["Body"].read())
        timestamp = int(found["LastModified"].timestamp() * 1000)
        written = sum(
            [
                write(server, table_name, suite, number, each, timestamp)
                for number, each in enumerate(outcome["results"], start=1)
            ]
        )
        print(f"{suite}: {written} new of {len(outcome['results'])} results at {table_name}")


# Such as expect_column_values_to_be_unique(order_id).
EXPECTATION = re.compile(r"(?P<type>\w+)\((?P<subject>.*)\)")


def write(
    server: OpenMetadata, table: str, suite: str, number: int, result: dict[str, Any], timestamp: int
) -> bool:
    """Whether there was no such result yet: one of the same time is not written again."""
    expectation = EXPECTATION.fullmatch(result["expectation"])
    if expectation is None:
        raise CatalogueError(f"{suite}: {result['expectation']} does not look like an expectation")
    kind, subject = expectation["type"], expectation["subject"]
    column = subject if kind.startswith("expect_column_") and ", " not in subject else None
    server.call(
        "PUT",
        "/dataQuality/testDefinitions",
        {
            "name": kind,
            "description": f"The expectation {kind} of Great Expectations.",
            "entityType": "TABLE" if column is None else "COLUMN",
            "testPlatforms": ["GreatExpectations"],
            "parameterDefinition": [],
        },
    )
    # Its place in the suite: a suite may have the same expectation of a column twice.
    case = server.call(
        "PUT",
        "/dataQuality/testCases",
        {
            "name": f"{suite}_{number}_{kind}",
            "displayName": f"{suite}: {result['expectation']}",
            "description": f"Checked by Great Expectations, in the suite {suite}.",
            "testDefinition": kind,
            "entityLink": f"<#E::table::{table}{'' if column is None else f'::columns::{column}'}>",
            "parameterValues": [],
        },
    )
    name = quote(case["fullyQualifiedName"], safe="")
    last = server.call("GET", f"/dataQuality/testCases/name/{name}?fields=testCaseResult") or {}
    if last.get("testCaseResult", {}).get("timestamp") == timestamp:
        return False
    server.call(
        "POST",
        f"/dataQuality/testCases/testCaseResults/{name}",
        {
            "timestamp": timestamp,
            "testCaseStatus": "Success" if result["success"] else "Failed",
            "result": f"found {result['observed']}",
            "testResultValue": [],
        },
    )
    return True


def main(command: str) -> None:
    with open(os.environ["PLAN"]) as file:
        plan = json.load(file)
    server = OpenMetadata(os.environ["SERVER"], os.environ["ADMIN_EMAIL"], os.environ["ADMIN_PASSWORD"])
    if command == "connect":
        connect(server, plan, os.environ["CONNECTORS"].split(","))
    else:
        import boto3
        from botocore.config import Config

        store = boto3.client("s3", region_name="us-east-1", config=Config(s3={"addressing_style": "path"}))
        results(server, plan, store)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except CatalogueError as error:
        sys.exit(str(error))
