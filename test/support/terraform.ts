/** `describe` for tests that run the real Terraform: skipped where there is none. */
export const describeWithTerraform: jest.Describe =
  process.env["SOCLE_NO_TERRAFORM"] === "1" ? describe.skip : describe;
