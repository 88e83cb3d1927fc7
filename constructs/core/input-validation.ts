import { type TerraformVariableValidationConfig } from "cdktf";

/** The `validation` blocks that several environments' inputs share: each says what is accepted, and why. */

/**
 * A list of IPv4 CIDR blocks that are let in: at least one, each well-formed with its host bits zero, none too wide.
 *
 * @param variable name of the input
 * @param shortestPrefix the shortest prefix length accepted; 16 keeps out `0.0.0.0/0` and its two halves
 */
export function cidrBlocks(variable: string, shortestPrefix: number): TerraformVariableValidationConfig[] {
  const each = (condition: string) => `\${alltrue([for block in var.${variable} : ${condition}])}`;
  return [
    {
      condition: `\${length(var.${variable}) > 0}`,
      errorMessage: `${variable} is empty, so nobody could reach the server: give at least one block, such as "203.0.113.7/32" for one address.`,
    },
    {
      condition: each(`can(regex("^[0-9.]+/[0-9]+$", block)) && can(cidrhost(block, 0))`),
      errorMessage: `${variable} takes IPv4 CIDR blocks, such as "203.0.113.7/32"; an address needs its prefix length.`,
    },
    {
      condition: each(`try(cidrsubnet(block, 0, 0), block) == block`),
      errorMessage: `${variable} has a block whose host bits are not zero: write "203.0.113.0/24" rather than "203.0.113.7/24", or the provider sees a change at each plan.`,
    },
    {
      condition: each(`try(tonumber(split("/", block)[1]), ${shortestPrefix}) >= ${shortestPrefix}`),
      errorMessage: `${variable} has a block wider than /${shortestPrefix}. Administration ports are not for the world: not 0.0.0.0/0, and not its two halves either. List the blocks of your office or VPN.`,
    },
  ];
}

/**
 * A list of e-mail addresses.
 *
 * @param variable name of the input
 */
export function emailAddresses(variable: string): TerraformVariableValidationConfig[] {
  return [
    {
      condition: `\${alltrue([for address in var.${variable} : can(regex("^[^@\\\\s]+@[^@\\\\s]+\\\\.[^@\\\\s]+$", address))])}`,
      errorMessage: `${variable} has an entry that is not an e-mail address such as "ops@example.com".`,
    },
  ];
}

/**
 * A string that matches a regular expression (RE2, as Terraform has it).
 *
 * @param variable name of the input
 * @param pattern without the slashes; `"` is not allowed in it
 * @param errorMessage what is accepted and why, a sentence
 */
export function matches(variable: string, pattern: string, errorMessage: string): TerraformVariableValidationConfig {
  return { condition: `\${can(regex("${pattern.replaceAll("\\", "\\\\")}", var.${variable}))}`, errorMessage };
}

/**
 * A whole number.
 *
 * @param variable name of the input
 * @param from the smallest that is accepted
 * @param to the largest @default - any
 */
export function wholeNumber(variable: string, from = 1, to?: number): TerraformVariableValidationConfig {
  const most = to === undefined ? "" : ` && var.${variable} <= ${to}`;
  return {
    condition: `\${var.${variable} >= ${from}${most} && floor(var.${variable}) == var.${variable}}`,
    errorMessage: `${variable} takes a whole number from ${from} ${to === undefined ? "on" : `to ${to}`}.`,
  };
}
