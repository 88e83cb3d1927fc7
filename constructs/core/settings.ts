import { type z } from "zod";
import { SocleError } from "./error";

/**
 * Checks an environment's settings.
 *
 * @param environment its name, for the message
 * @param schema what is accepted; unknown keys are refused when it is a strict object
 * @throws SocleError with all problems: the key, the value found and what is accepted
 */
export function checkSettings<T extends z.ZodType>(environment: string, schema: T, settings: unknown): z.output<T> {
  const result = schema.safeParse(settings);
  if (!result.success) {
    throw new SocleError(
      `settings of ${environment}`,
      result.error.issues.map((issue) => {
        const key = issue.path.join(".");
        const found = issue.path.reduce<unknown>(
          (value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part],
          settings,
        );
        return `${key || "(all)"} is ${JSON.stringify(found) ?? "missing"}: ${issue.message}`;
      }),
    );
  }
  return result.data;
}
