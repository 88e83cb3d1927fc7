import { labData } from "../../../../environments/lab/data";
import { refusal } from "../../../support/inputs";
import { laterLab } from "../../../support/lab";
import { describeWithTerraform } from "../../../support/terraform";

const { json } = laterLab(labData);

describe("Datadog in the lab", () => {
  test("THEN its key is a sensitive input that need not be given, and written without being kept", () => {
    expect(json.variable?.["datadog_api_key"]).toMatchObject({ sensitive: true, default: null });
    expect(json.resource?.["kubernetes_secret_v1"]?.["datadog_account"]).toMatchObject({
      data_wo: {
        "api-key": '${(var.datadog_api_key == null ? "" : var.datadog_api_key)}',
        site: "${var.datadog_site}",
      },
    });
  });

  test("THEN whoever chooses it without a key is told", () => {
    const chosen = 'contains(data.terraform_remote_state.lab_platform.outputs.component_names, "datadog")';
    expect(json.resource?.["terraform_data"]?.["datadog_key_given"]).toEqual({
      lifecycle: {
        precondition: [
          {
            condition: `\${(!${chosen} || (var.datadog_api_key == null ? "" : var.datadog_api_key) != "")}`,
            error_message:
              "Datadog takes nothing without an API key: give it as TF_VAR_datadog_api_key, or take datadog out of extra_components.",
          },
        ],
      },
    });
  });
});

describeWithTerraform("datadog_site", () => {
  test.each(["datadog.eu", "https://app.datadoghq.eu", ""])("fails for %s", (site) => {
    expect(refusal(json, { ...REQUIRED, datadog_site: site })).toContain("datadog_site takes one of");
  });

  test("GIVEN a site THEN it is taken", () => {
    expect(refusal(json, { ...REQUIRED, datadog_site: "us5.datadoghq.com" })).toBe("");
  });
});

const REQUIRED = { argocd_platform_repo_username: "argocd", argocd_platform_repo_password: "not-a-real-token" };
