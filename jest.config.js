/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/cdktf.out", "<rootDir>/node_modules/.cache"],
  // Types are checked once by `tsc --noEmit`; here they are only removed.
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { target: "es2022", parser: { syntax: "typescript" } },
        module: { type: "commonjs" },
        sourceMaps: "inline",
      },
    ],
  },
  globalSetup: "<rootDir>/test/support/offline-global-setup.ts",
  globalTeardown: "<rootDir>/test/support/offline-global-teardown.ts",
  collectCoverageFrom: ["main.ts", "constructs/**/*.ts", "environments/**/*.ts", "tools/**/*.ts"],
  coverageReporters: ["text", "lcov"],
  // Several tests wait for a real Terraform.
  testTimeout: 60_000,
};
