import stackTrace = require("cdktf/lib/tokens/private/stack-trace");

/**
 * Stops cdktf 0.21 from capturing a full stack trace for every token.
 *
 * Each token (every attribute reference, every lazy value) records where it was made, with `Error.stackTraceLimit` lifted,
 * so that a failing resolve can say so. That is most of the time of a large synth and cdktf has no switch for it.
 * Its modules call the function through the exports object of its own module, so replacing it there reaches all of them.
 * `--trace` on the command line leaves the traces on: worth it when an error speaks of a token and not of its place.
 */
export function disableTokenStackTraces(): void {
  stackTrace.captureStackTrace = () => [];
}
