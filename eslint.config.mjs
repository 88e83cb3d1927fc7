import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import tseslint from "typescript-eslint";

/** Barrel imports of provider packages load every resource: seconds and gigabytes instead of milliseconds. */
const noBarrels = {
  regex: "^@cdktf/provider-[^/]+$",
  message: "Import one resource: @cdktf/provider-aws/lib/s3-bucket, never the whole package.",
};

/** Imports run one way: main → environments → constructs → providers; tools read cdktf.out and nothing else. */
const oneWay = (files, folders, message) => ({
  files,
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          noBarrels,
          {
            regex: `^(\\.{1,2}/)+((main|${folders.join("|")})(/|$))`,
            message: `${message} (see docs/architecture.md).`,
          },
        ],
      },
    ],
  },
});

export default tseslint.config(
  { ignores: ["cdktf.out/", "coverage/", "node_modules/", "providers/*/lib/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-require-imports": ["error", { allowAsImport: true }],
      // cdktf's functions (Fn.*) are typed `any`: a token fits wherever it is put.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  { files: ["**/*.ts"], rules: { "no-restricted-imports": ["error", { patterns: [noBarrels] }] } },
  oneWay(["constructs/**/*.ts"], ["environments", "tools", "test"], "constructs/ knows no environment and no tool"),
  oneWay(["environments/**/*.ts"], ["tools", "test"], "environments/ uses constructs/ and providers only"),
  oneWay(["tools/**/*.ts"], ["constructs", "environments", "test"], "tools/ reads cdktf.out/ and imports no construct"),
  {
    files: ["**/*.mjs", "**/*.js"],
    languageOptions: { globals: { process: "readonly", module: "writable", console: "readonly" } },
  },
  prettier,
);
